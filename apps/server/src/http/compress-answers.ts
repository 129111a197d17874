import compress from "@fastify/compress";
import type { FastifyInstance } from "fastify";

/** An event stream must reach the browser event by event, not when a block is full. */
const WORTH_IT = /^(text\/(?!event-stream)|application\/(json|javascript)|image\/svg\+xml)/;

/**
 * Compresses what is long and made of text: the forest of 10,000 images is 3 MB, and a tenth of that compressed.
 * Only the quick methods; brotli at its default takes longer than the network it saves.
 */
export async function compressAnswers(server: FastifyInstance): Promise<void> {
  await server.register(compress, {
    encodings: ["zstd", "gzip"],
    threshold: 4096,
    customTypes: (contentType) => WORTH_IT.test(contentType),
    globalDecompression: false, // nobody sends us compressed requests, or compressed bombs
  });
}
