import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who may read what is served: a machine's own address is open to everybody who works on that machine. */
export interface Admission {
  /** The query that lets a browser in for the first time: `?token=…`. */
  readonly query: string;
  /** The cookie for a browser that comes with this query, which has the token; undefined for any other. */
  cookieFor(query: URLSearchParams): string | undefined;
  /** Whether a request with these cookies comes from a browser that was let in. */
  admits(cookies: string | undefined): boolean;
}

/**
 * A new random token of 256 bits. It is compared in a time that does not depend on where it differs.
 * @param name of the cookie; browsers share cookies among the ports of a machine, so each server needs its own
 */
export function newAdmission(name: string): Admission {
  const token = randomBytes(32).toString('base64url');
  const isToken = (given: string) => timingSafeEqual(digest(given), digest(token));
  return {
    query: `?token=${token}`,
    cookieFor: (query) =>
      isToken(query.get('token') ?? '') ? `${name}=${token}; Path=/; HttpOnly; SameSite=Strict` : undefined,
    admits: (cookies = '') =>
      cookies.split(/; */).some((cookie) => cookie.startsWith(`${name}=`) && isToken(cookie.slice(name.length + 1))),
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();
