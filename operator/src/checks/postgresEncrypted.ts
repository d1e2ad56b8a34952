/** Proves that nobody on the way reads addresses and texts, or answers in the place of PostgreSQL. */
import type { Check, Proof } from './check.ts'
import { askedWorkers } from './askedWorkers.ts'

const PROOFS: Readonly<Record<'none' | 'unverified' | 'verified', Proof>> = {
  none: {
    state: 'Failing',
    message:
      'workers speak to PostgreSQL without TLS: put ca.crt beside url into the Secret of spec.postgres.credentialsSecretRef, or sslmode=verify-full into the URL',
  },
  unverified: {
    state: 'Failing',
    message:
      'workers speak to PostgreSQL over TLS but do not verify its certificate: put ca.crt beside url into the Secret of spec.postgres.credentialsSecretRef, or sslmode=verify-full into the URL',
  },
  verified: {
    state: 'Proven',
    message: 'workers speak to PostgreSQL over TLS and verified its certificate',
  },
}

export const postgresEncrypted: Check = {
  name: 'postgres-encrypted',

  prove(snapshot) {
    return askedWorkers(
      snapshot,
      this.name,
      'no worker tells how it speaks to PostgreSQL',
      ({ postgresTls }) =>
        postgresTls === undefined
          ? { state: 'Unknown', message: 'the worker does not tell how it speaks to PostgreSQL' }
          : PROOFS[postgresTls],
    )
  },
}
