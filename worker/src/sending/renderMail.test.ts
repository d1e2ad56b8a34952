import { expect, test } from 'vitest'
import { renderMail } from './renderMail.ts'

const claimed = {
  batchId: 'b',
  seq: 7,
  address: 'a@x.org',
  variables: {},
  attempt: 1,
  tries: 0,
  ageMs: 0,
  holder: 'w#1',
}

test.each([
  { from: 'Ann <a@x.org>', messageId: '<b.7@x.org>' },
  { from: 'a@例え.jp', messageId: '<b.7@xn--r8jz45g.jp>' },
  { from: 'nobody', messageId: '<b.7@localhost>' },
])('the Message-ID of a mail from $from is one that any header takes', ({ from, messageId }) => {
  const content = { from, subject: 's', text: 't', html: undefined }
  expect(renderMail(content, claimed).messageId).toBe(messageId)
})

test('line breaks in a subject are one blank, for whoever reads it and in the message', () => {
  const content = { from: 'a@x.org', subject: 'a{{b}}c', text: 't', html: undefined }
  const mail = renderMail(content, { ...claimed, variables: { b: '\r\n\n' } })
  expect(mail.subject).toBe('a c')
  expect(mail.mime()).toContain('\r\nSubject: a c\r\n')
})
