import fc from 'fast-check'
import MailComposer from 'nodemailer/lib/mail-composer/index.js'
import PostalMime, { decodeWords } from 'postal-mime'
import { expect, test } from 'vitest'
import type { Content, OutgoingMail } from '../sending/ports.ts'
import type { Rendered } from '../sending/renderMail.ts'
import { parseSender } from '../domain/address.ts'
import { headerFaults } from '../domain/mailHeaders.ts'
import { senderOf } from '../domain/sender.ts'
import { isStorable } from '../domain/variables.ts'
import { renderMail } from '../sending/renderMail.ts'

const RUNS = 400

/** What has a meaning in one of the encodings, or is read in more than one way. */
const TRICKY = [
  ...[
    '',
    ' ',
    '\t',
    '  \n',
    '\n',
    '\r',
    '\r\n',
    '\n\r',
    '.',
    '..\n.',
    '\n.\n',
    '=',
    '=3D',
    '=\n',
    '=?',
    '?=',
  ],
  ...[
    '=?utf-8?Q?x?=',
    '=?utf-8?Q?a b?=',
    '=?x?=',
    'b=?utf-8?B?eA==?=c',
    '--=_alternative',
    '--=_alternative--',
  ],
  ...[
    '\n--=_alternative--\n',
    '=_',
    'From ',
    '"',
    '\\',
    '(',
    ',',
    ';',
    ':',
    '<b>',
    '&',
    "'",
    '\u0001',
    '\u007f',
  ],
  ...[
    'ü',
    'Straße',
    '日本語',
    'привет',
    'مرحبا',
    'שלום',
    'नमस्ते',
    'e\u0301',
    '👍🏽',
    '👩‍👩‍👧‍👧',
    '\u2028',
    '\u0085',
    '\u00a0',
  ],
  ...['word word word word word ', 'x'.repeat(80), 'ab '.repeat(60), ' '.repeat(100), 'y'.repeat(1_100)],
]
const piece = fc.oneof(
  fc.constantFrom(...TRICKY),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }).filter(isStorable),
  fc.string({ unit: 'grapheme', maxLength: 90 }),
  fc.lorem({ maxCount: 30 }),
)
const textOf = (most: number) => fc.array(piece, { maxLength: most }).map((pieces) => pieces.join(''))
const line = textOf(3).map((text) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ''))

const staticPart = textOf(3).map((text) => text.replace(/[{}\\]/g, ''))
const placeholder = fc.constantFrom('{{a}}', '{{b}}', '{{n}}', '{{missing}}', '{{#each list}}{{.}}{{/each}}')
const block = fc
  .tuple(
    fc.constantFrom('if', 'unless', 'each'),
    fc.constantFrom('a', 'list'),
    staticPart,
    placeholder,
    staticPart,
  )
  .map(([kind, name, ...inner]) => `{{#${kind} ${name}}}${inner.join('')}{{/${kind}}}`)
const source = fc
  .array(fc.oneof({ weight: 3, arbitrary: staticPart }, placeholder, block), { maxLength: 6 })
  .map((parts) => parts.join(''))

const address = fc.constantFrom(
  'a@x.org',
  "o'b+c@x.org",
  'shop@münchen.example',
  `a@${'long.'.repeat(30)}org`,
)
const sender = fc
  .oneof(
    address,
    fc.tuple(line, address).map(([name, spec]) => `${name.replace(/[<>"]/g, '')} <${spec}>`),
    fc.tuple(line, address).map(([name, spec]) => `"${name.replace(/["\\]/g, '\\$&')}" <${spec}>`),
  )
  .filter((text) => text.length <= 320 && parseSender(text).ok)
const headers = fc
  .dictionary(fc.constantFrom('X-A', 'x-a', 'List-Id', 'Feedback-ID', `X-${'Long-'.repeat(14)}B`), line, {
    maxKeys: 3,
  })
  .filter((given) => headerFaults(given).length === 0)
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })

const contents: fc.Arbitrary<Content> = fc.record({
  from: sender,
  replyTo: optional(sender),
  subject: source,
  text: optional(source),
  html: optional(source),
  headers,
})
const recipients: fc.Arbitrary<Rendered> = fc.record({
  batchId: fc.uuid(),
  seq: fc.nat(),
  address: fc.constantFrom('r@x.org', `${'l'.repeat(64)}@${'long.'.repeat(30)}org`),
  variables: fc.record({
    a: textOf(3),
    b: textOf(2),
    n: fc.integer(),
    list: fc.array(textOf(1), { maxLength: 3 }),
  }),
  headers,
})
const given = fc.tuple(contents, recipients, optional(fc.webUrl()))
const mailOf = ([content, recipient, url]: readonly [Content, Rendered, string | undefined]) =>
  renderMail(content, recipient, url === undefined ? undefined : () => url)

/** As mails were composed before, and then sent: whatever breaks a line is CRLF. */
async function byNodemailer({ from, replyTo, to, subject, text, html, messageId, headers }: OutgoingMail) {
  const message = await new MailComposer({
    from: senderOf(from),
    ...(replyTo !== undefined && { replyTo: senderOf(replyTo) }),
    to: { name: '', address: to },
    subject,
    text,
    html,
    messageId,
    headers: { ...headers },
  })
    .compile()
    .build()
  return message.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n')
}

const HOW_IT_IS_CARRIED = /^(?:content-|date:|mime-version:|from:|to:|reply-to:)/i

/** What a reader gets to see. */
async function readBack(mime: string) {
  const { headerLines, from, to, replyTo, subject, messageId, text, html } = await PostalMime.parse(
    Buffer.from(mime, 'latin1'),
  )
  const lines = headerLines.map(({ line }) => line).filter((line) => !HOW_IT_IS_CARRIED.test(line))
  return {
    from: from && { ...from, name: seen(from.name) },
    to,
    replyTo: replyTo?.map((each) => ({ ...each, name: seen(each.name) })),
    subject: subject && seen(subject),
    messageId,
    headers: Object.fromEntries(lines.map((line) => valueOf(line))),
    text: textRead(mime, 'plain', text),
    html: textRead(mime, 'html', html),
  }
}

/**
 * Without a last line break: a mail of one text ends in one, whether its text does or not. Of a part the parser counts the
 * one before the delimiter as the text's, but not in base64.
 */
function textRead(mime: string, type: 'plain' | 'html', read: string | undefined): string | undefined {
  const text = read?.replace(/\r\n?/g, '\n')
  if (!mime.includes('Content-Type: multipart/')) return text?.replace(/\n$/, '')
  const block = mime.split('\r\n\r\n').find((lines) => lines.includes(`Content-Type: text/${type};`))
  return block?.includes('base64') === true ? text : text?.replace(/\n$/, '')
}

/** How many blanks there are in the value of a header, and whether around it, is not for a mail to say. */
const seen = (value: string): string => value.replace(/[\t ]+/g, ' ').replace(/^ | $/g, '')

function valueOf(line: string): readonly [string, string] {
  const [name = '', ...value] = line.replace(/\r?\n/g, '').split(':')
  return [name.toLowerCase(), seen(decodeWords(value.join(':').trim()))]
}

test('a parser reads what it reads of the mail that nodemailer composes', async () => {
  await fc.assert(
    fc.asyncProperty(given, async (each) => {
      const mail = mailOf(each)
      expect(await readBack(mail.mime())).toEqual(await readBack(await byNodemailer(mail)))
    }),
    { numRuns: RUNS },
  )
})

/** What nothing has looked at: a mail must not become another one for it, nor two. */
const hostile = fc
  .array(
    fc.oneof(piece, fc.constantFrom('\0', '\ud83d', '\r\nBcc: b@x.org', '\r\n\r\n', '\n.\n', ': ', '<', '>')),
    {
      maxLength: 4,
    },
  )
  .map((pieces) => pieces.join(''))
const hostileHeaders = fc.dictionary(
  hostile.map((name) => `X-${name}`.slice(0, 76)),
  hostile,
  { maxKeys: 3 },
)
const untested = fc.tuple(
  fc.record({
    from: fc.oneof(
      sender,
      hostile.map((text) => `${text.slice(0, 200).replace(/[<>]/g, '')} <a@x.org>`),
      hostile.map((text) => text.replace(/[^\0-\x7f]/g, '').slice(0, 200)),
    ),
    subject: fc.oneof(source, hostile),
    text: optional(fc.oneof(source, hostile)),
    html: optional(fc.oneof(source, hostile)),
    headers: hostileHeaders,
  }),
  fc.record({
    batchId: fc.uuid(),
    seq: fc.nat(),
    address: fc.constantFrom('r@x.org', 'r@x.org\r\nBcc: b@x.org', '"a, b"@x.org', 'a b@x.org'),
    variables: fc.record({
      a: hostile,
      b: hostile,
      n: fc.integer(),
      list: fc.array(hostile, { maxLength: 3 }),
    }),
    headers: hostileHeaders,
  }),
  fc.constant('https://x.org/u/' + 'aB3'.repeat(100)),
)

const OURS = [
  ...[
    'from',
    'to',
    'subject',
    'message-id',
    'date',
    'mime-version',
    'content-type',
    'content-transfer-encoding',
  ],
  ...['x-batch-id', 'x-batch-recipient', 'list-unsubscribe', 'list-unsubscribe-post'],
]
/** Nowhere but before its first word could it be broken; nor in an address. */
const UNBREAKABLE = /^(?:[!-9;-~]+:)?[\t ]*(?:[^\t ]+|<.*>)$/

test('whatever is given, a mail is lines of ASCII that no server refuses or changes, and has no header too many', () => {
  fc.assert(
    fc.property(untested, (each) => {
      const mime = mailOf(each).mime()
      expect(mime).toMatch(/^[\t\r\n\x20-\x7e]*\r\n$/)
      const lines = mime.split('\r\n')
      expect(lines.filter((line) => /[\r\n]|^\.|[\t ]$/.test(line) || line.length > 998)).toEqual([])
      const end = lines.indexOf('')
      expect(lines.slice(0, end).filter((line) => line.length > 76 && !UNBREAKABLE.test(line))).toEqual([])
      expect(lines.slice(end).filter((line) => line.length > 76)).toEqual([])
      expect(lines.slice(0, end).filter((line) => line.includes('=?UTF-8?') && line.length > 76)).toEqual([])
      const names = lines
        .slice(0, end)
        .flatMap((line) => /^([!-9;-~]+):/.exec(line)?.[1]?.toLowerCase() ?? [])
      expect(names.filter((name) => !OURS.includes(name) && !name.startsWith('x-'))).toEqual([])
      expect(OURS.filter((name) => names.indexOf(name) !== names.lastIndexOf(name))).toEqual([])
      expect(lines.slice(0, end).filter((line) => !/^[!-9;-~]+:|^[\t ]+\S/.test(line))).toEqual([])
    }),
    { numRuns: RUNS },
  )
})

const dateless = (mime: string): string => mime.replace(/^Date: .*$/m, '')

test('another attempt has the same mail, but for its date', () => {
  fc.assert(
    fc.property(given, (each) => {
      const [content, ...others] = each
      expect(dateless(mailOf([{ ...content }, ...others]).mime())).toBe(dateless(mailOf(each).mime()))
    }),
    { numRuns: 50 },
  )
})

const recipient = { batchId: 'b', seq: 7, address: 'r@x.org' }

test('only what differs is encoded for a recipient, in lines of its own where there is no room', () => {
  const content = {
    from: 'Jörg, "J" <shop@münchen.example>',
    subject: 'Grüße, {{name}}',
    text: 'Hello {{name}}!\n{{name}} {{long}} and so on\n.',
    html: '<p>Nothing to encode</p>\n',
    headers: { 'Feedback-Id': 'a:b', 'X-A': 'of the batch' },
  }
  const variables = { name: 'Ann', long: 'x'.repeat(80) }
  const mime = renderMail(content, { ...recipient, variables, headers: { 'x-a': 'ü' } }).mime()
  expect(dateless(mime).split('\r\n')).toEqual([
    'From: =?UTF-8?Q?J=C3=B6rg=2C_=22J=22?= <shop@xn--mnchen-3ya.example>',
    'To: r@x.org',
    'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe=2C_Ann?=',
    'Message-ID: <b.7@xn--mnchen-3ya.example>',
    '',
    'MIME-Version: 1.0',
    'Feedback-Id: a:b',
    'x-a: =?UTF-8?B?w7w=?=',
    'X-Batch-Id: b',
    'X-Batch-Recipient: 7',
    'Content-Type: multipart/alternative; boundary="=_alternative"',
    '',
    '--=_alternative',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Hello=20Ann!',
    `Ann=20${'x'.repeat(69)}=`,
    `${'x'.repeat(11)} and so on`,
    '=2E',
    '--=_alternative',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    '',
    '<p>Nothing to encode</p>',
    '',
    '--=_alternative--',
    '',
  ])
})

const bodyOf = (mime: string) => mime.slice(mime.indexOf('\r\n\r\n') + 4)

test.each([
  [
    'what stands after a value begins a line of its own where it has no room',
    `{{a}}${'y'.repeat(70)}`,
    `aaaaaaaaaa=\r\n${'y'.repeat(70)}\r\n`,
  ],
  ['a line break after a value is enough', '{{a}}\nb', 'aaaaaaaaaa\r\nb\r\n'],
  ['halves of a line break on either side of nothing are one', 'a\r{{none}}\nb', 'a\r\nb\r\n'],
  ['and on either side of a block', 'a\r{{#if a}}\nb{{/if}}', 'a\r\nb\r\n'],
  ['mostly another script is base64', 'こんにちは {{a}}\n', '44GT44KT44Gr44Gh44GvIGFhYWFhYWFhYWENCg==\r\n'],
  ['a line like a delimiter is encoded', '--=_alternative', '--=3D_alternative\r\n'],
  [
    'a text that does not parse is filled in as it was',
    'a\r{{none}}{{none}}\n{{a}} {{',
    'a\r\naaaaaaaaaa {{\r\n',
  ],
  ['nothing for this recipient', '{{none}}', ''],
])('%s', (_, text, body) => {
  const content = { from: 'a@x.org', subject: 's', text, html: undefined }
  const mime = renderMail(content, { ...recipient, variables: { a: 'a'.repeat(10) } }).mime()
  expect(bodyOf(mime)).toBe(body)
})

test('each line of quoted-printable can be read by itself', () => {
  const content = { from: 'a@x.org', subject: 's', text: 'text {{a}}', html: undefined }
  const long = fc.string({
    unit: fc.constantFrom('a', '=', 'ü', '日', '👍', ' ', '\n'),
    minLength: 60,
    maxLength: 200,
  })
  fc.assert(
    fc.property(long, (a) => {
      const mime = renderMail(content, { ...recipient, variables: { a } }).mime()
      const lines = bodyOf(mime).split('\r\n')
      const read = lines.map((line) => decodeURIComponent(line.replace(/=$/, '').replaceAll('=', '%')))
      expect(read.join('').trim()).toBe(`text ${a.replaceAll('\n', '')}`.trim())
    }),
  )
})

const lineOf = (headers: Record<string, string>, name: string): string | undefined =>
  new RegExp(`^${name}:(?:.|\\r\\n )*`, 'm').exec(
    renderMail(
      { from: 'a@x.org', subject: 's', text: 't', html: undefined, headers },
      { ...recipient, variables: {} },
    ).mime(),
  )?.[0]

const URL_300 = `<https://x.org/${'u'.repeat(300)}>`

test.each([
  ['a long word stays beside its name', 'List-Help', URL_300, `List-Help: ${URL_300}`],
  [
    'a longer one than a line may have is encoded',
    'X-A',
    'u'.repeat(901),
    expect.stringContaining('=?UTF-8?Q?u') as string,
  ],
  ['encoded words are taken as they are', 'X-A', 'a =?utf-8?Q?b?= c', 'X-A: a =?utf-8?Q?b?= c'],
  [
    'what only looks like one is not',
    'X-A',
    '=?utf-8?Q?b c?=',
    'X-A: =?UTF-8?Q?=3D=3Futf-8=3FQ=3Fb_c=3F=3D?=',
  ],
  ['nor what only frames it as one', 'X-A', '=?x?=', 'X-A: =?UTF-8?Q?=3D=3Fx=3F=3D?='],
  [
    'nor one that is too long',
    'X-A',
    `=?utf-8?Q?${'b'.repeat(64)}?=`,
    expect.stringContaining('=?UTF-8?Q?=3D=3Futf-8=3FQ=3Fb') as string,
  ],
  ['nor one beside a quote', 'X-A', '" =?utf-8?Q?b?=', 'X-A: =?UTF-8?Q?=22_=3D=3Futf-8=3FQ=3Fb=3F=3D?='],
  ['message-ids get their brackets', 'References', 'a@x <b@y>', 'References: <a@x> <b@y>'],
  ['a line break of a value is a blank', 'X-A', 'a\r\nBcc: b', 'X-A: a Bcc: b'],
  [
    'a long name has its first word below it',
    `X-${'N'.repeat(70)}`,
    'ü',
    `X-${'N'.repeat(70)}:\r\n =?UTF-8?B?w7w=?=`,
  ],
])('headers: %s', (_, name, value, line) => {
  expect(lineOf({ [name]: value }, name)).toEqual(line)
})

test.each([
  ['Ann Lee <a@x.org>', 'Ann Lee <a@x.org>'],
  ['Lee, Ann <a@x.org>', '"Lee, Ann" <a@x.org>'],
  ['nobody', '<nobody>'],
  ['a b@x.org', '<"a b"@x.org>'],
  ['"a, b"@x.org', '<"a, b"@x.org>'],
  ['J <jörg@x.org>', `J <${Buffer.from('jörg').toString('latin1')}@x.org>`],
])('a sender that was written as %s goes as %s', (from, written) => {
  const mail = renderMail({ from, subject: 's', text: 't', html: undefined }, { ...recipient, variables: {} })
  expect(mail.mime()).toContain(`From: ${written}\r\n`)
})
