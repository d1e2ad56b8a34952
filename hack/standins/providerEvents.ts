/** Events as Amazon SES and Resend tell them, for mails with or without our marks. */

export interface Told {
  readonly messageId?: string
  readonly batchId?: string
  readonly seq?: number
  readonly address?: string
}

/** What SES puts into the message of a notification; `detail` under the name that the kind of event has for it. */
export function sesEvent(eventType: string, told: Told, detail: Record<string, object> = {}): string {
  const { messageId = 'unknown-message', batchId, seq, address = 'r0@example.org' } = told
  const tags = { 'batch-id': [batchId], 'batch-recipient': [String(seq)], 'ses:source-ip': ['127.0.0.1'] }
  return JSON.stringify({
    eventType,
    mail: {
      timestamp: new Date().toISOString(),
      source: 'sender@example.org',
      messageId,
      destination: [address],
      ...(batchId !== undefined && { tags }),
    },
    ...detail,
  })
}

export const sesBounce = (told: Told, bounceType: string, bounceSubType = 'General'): string =>
  sesEvent('Bounce', told, {
    bounce: {
      bounceType,
      bounceSubType,
      bouncedRecipients: [{ emailAddress: told.address, status: '5.1.1', action: 'failed' }],
      timestamp: new Date().toISOString(),
    },
  })

export const sesComplaint = (told: Told, complaintFeedbackType = 'abuse'): string =>
  sesEvent('Complaint', told, {
    complaint: {
      complainedRecipients: [{ emailAddress: told.address }],
      complaintFeedbackType,
      timestamp: new Date().toISOString(),
    },
  })

/** The body of a webhook of Resend. */
export function resendEvent(type: string, told: Told, more: Record<string, object> = {}): string {
  const { messageId = 'unknown-message', batchId, seq, address = 'r0@example.org' } = told
  const tags = { 'batch-id': batchId, 'batch-recipient': String(seq) }
  const at = new Date().toISOString()
  return JSON.stringify({
    type,
    created_at: at,
    data: {
      created_at: at,
      email_id: messageId,
      from: 'sender@example.org',
      to: [address],
      subject: 'Grüße',
      ...(batchId !== undefined && { tags }),
      ...more,
    },
  })
}
