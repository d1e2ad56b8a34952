/** The condition of the mail itself, which stands beside `Ready`: what a provider or a mailbox does is no fault of the set-up. */
export const MAIL_FLOWING = {
  doc: 'Mail gets through to the provider, and nothing of it waits for a person. As the workers see it: any of them tells of all.',
  beside: true,
  reasons: {
    Flowing: { doc: 'Mails go through, or there are none.' },
    ProviderUnreachable: {
      doc: 'Nothing goes through: the provider is not reached, or breaks off. The message has since when.',
    },
    ProviderThrottles: {
      doc: 'Nothing goes through: the provider says that it was too much, or that a quota is used up.',
    },
    ProviderRefuses: {
      doc: 'Nothing goes through: the provider refuses our credentials, our address or our account.',
    },
    Paused: { doc: 'The flag `provider-paused` is on.' },
    DeadLetters: {
      doc: 'Stretches of batches were put aside, since handling them failed again and again; a person mends the cause and replays them.',
    },
    Stuck: {
      doc: 'A batch has not got on for as long as spec.monitoring.rules.thresholds.stuckBatchAge (15 minutes unless set) although mails of it are due.',
    },
    MailsRefused: {
      doc: 'More of the mails of the last two minutes were refused than spec.monitoring.rules.thresholds.errorRatePercent allows (5 % unless set); the message has the class of most of them.',
    },
    Backlog: {
      doc: 'More wake-ups wait in the queue than spec.monitoring.rules.thresholds.backlog allows (10,000 unless set): workers do not keep up.',
    },
    ResultsInDoubt: {
      doc: 'Of some recipients nobody knows whether their mail went, until the provider or a person says.',
    },
    WorkersUnreachable: { doc: 'No worker answers the operator, so that nobody tells.' },
    ScaledToZero: { doc: 'No worker is wanted, so that nothing is sent.' },
    NotObserved: { doc: 'No worker was asked yet, or lately.' },
    InternalError: { doc: 'A defect of the operator; its log has more. Everything else goes on.' },
  },
} as const
