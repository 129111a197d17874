/**
 * Carries the caller's address to better-auth. The server sets it on every request from what the connection says,
 * so that nobody escapes the rate limit by sending a header of their own.
 */
export const CLIENT_ADDRESS_HEADER = "x-coppice-client-address";
