/** What a request leaves in the audit log. */
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
    ip: plainAddress(request.ip),
    userAgent: kept(request.headers['user-agent'] ?? ''),
  }
}

/** What PostgreSQL and ClickHouse can both keep, and not more of it than a person reads. */
const kept = (text: string): string => text.slice(0, CHARACTERS).toWellFormed().replaceAll('\0', '')
