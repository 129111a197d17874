import { createServer } from "node:net";
import { Refusal } from "../prepare/say.mjs";

/** Refuses a port on which another process listens, before anything is started. @throws Refusal */
export async function refuseTakenPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  probe.once("error", (error: NodeJS.ErrnoException) => reject(refusal(error, host, port)));
  probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  return promise;
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new Refusal(
        `Port ${port} is taken: another program, or another Coppice, listens on ${host}:${port}.`,
        `Stop it, or choose another port:  COPPICE_PORT=${port + 1} npm start`,
      );
    case "EACCES":
      return new Refusal(`Port ${port} needs root.`, "Choose one above 1023:  COPPICE_PORT=4400 npm start");
    case "EADDRNOTAVAIL":
      return new Refusal(`COPPICE_HOST is ${host}, which is no address of this machine.`);
    default:
      return error;
  }
}
