/** What a request leaves in the audit log. */
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { AuditAction, AuditEntry } from '../domain/audit.ts'
import { plainAddress } from './clientOf.ts'

const CHARACTERS = 500

/** @param resource the path that reads what it is about */
export function auditOf(
  request: FastifyRequest,
  action: AuditAction,
  resource: string,
  metadata: AuditEntry['metadata'] = {},
): AuditEntry {
  return {
    action,
    userId: request.userId,
    resource: kept(resource),
    metadata: { ...metadata, requestId: request.id },
    ip: addressOf(request),
    userAgent: kept(request.headers['user-agent'] ?? ''),
  }
}

/** A proxy may hand on any text as the address of its client: then it is the proxy that is known. */
const addressOf = ({ ip, socket }: FastifyRequest): string =>
  plainAddress(isIP(ip) > 0 && !ip.includes('%') ? ip : (socket.remoteAddress ?? ''))

/** What PostgreSQL and ClickHouse can both keep, and not more of it than a person reads. */
const kept = (text: string): string => text.slice(0, CHARACTERS).toWellFormed().replaceAll('\0', '')
