/** @module The version that logs, telemetry and spans name. A test keeps it equal to `package.json`. */
export const VERSION = '0.1.0';
