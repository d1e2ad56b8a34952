/** The condition of `spec.gateway`: what the Gateway says of the routes to the workers. */
import { ANY_COMPONENT } from './reasons.ts'

export const GATEWAY_READY = {
  doc: 'The Gateway that spec.gateway names leads to the workers, as it says itself.',
  reasons: {
    ...ANY_COMPONENT,
    NotConfigured: { doc: 'The spec asks for no gateway.' },
    NotInstalled: {
      doc: 'The cluster lacks HTTPRoutes (the definitions of the Gateway API) or the kind of the rate limit (those of Traefik or Envoy Gateway), so nothing is written; it is as soon as they are there.',
    },
    Applying: { doc: 'A route or the policy of its rate limit is not there yet.' },
    Unanswered: {
      doc: 'Nobody has said anything of the present routes or of their policy: there is no such Gateway, nobody is in charge of its class, or the controller has not come to it.',
    },
    NotAccepted: {
      doc: "The Gateway does not take a route, or not all of it; the message has the gateway's own reason. NotAllowedByListeners: its listener does not allow our namespace.",
    },
    RefsNotResolved: {
      doc: "The Gateway takes a route and does not find what it leads to; the message has the gateway's own reason.",
    },
    PolicyNotAccepted: {
      doc: "The gateway does not take the policy of the rate limit; the message has the gateway's own reason.",
    },
    Accepted: { doc: 'The Gateway has taken every route as it is now, and the rate limit is set.' },
  },
} as const
