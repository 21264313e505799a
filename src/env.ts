/**
 * @module The one place that reads the process environment. Options beat it, and nothing reads it
 * after an object has been made, so a program's behaviour is fixed at its door.
 */

/** The value of an environment variable; unset, empty and blank all count as not set. */
export function readEnv(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === '' ? undefined : value;
}
