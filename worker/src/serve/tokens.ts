/** The tokens of the API, with what is told of them. */
import type { Tokens } from '../http/tokens.ts'
import type { Part } from '../runtime/parts.ts'
import type { Context } from './context.ts'
import { openTokens as open } from '../http/tokens.ts'

export function openTokens({ settings, log, metrics }: Context): Promise<Tokens & Part> {
  return open({
    folder: settings.apiTokensDir,
    onError: (error) => {
      log.error({ err: error }, 'the API tokens cannot be read')
    },
    onFaults: (users) => {
      metrics.tokensMalformed.set(users.length)
      if (users.length > 0)
        log.error({ users }, 'of these users the token is not `sha256:<hex>`, perhaps with ` scopes:…`')
    },
  })
}
