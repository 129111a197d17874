import { native } from "../../internal/binding.ts";
import { toRbdError } from "../../internal/failure.ts";
import { ImageMirror } from "../../mirror/image-mirror.ts";
import { type OpenedImage, OpenImage } from "../open-image.ts";

export interface IdentifiedImage extends OpenedImage {
  readonly id: string;
  readonly name: string;
}

/** An open image, and its end. */
export abstract class OpenedImageBase implements AsyncDisposable {
  readonly #image: OpenImage;
  readonly mirror: ImageMirror;
  /** As it was when the image was opened. */
  readonly name: string;
  /** "" for an image of the old format. */
  readonly id: string;

  /** Use {@link IoCtx.openImage}. */
  constructor(opened: IdentifiedImage) {
    this.#image = new OpenImage(opened);
    this.mirror = new ImageMirror(this.#image);
    this.name = opened.name;
    this.id = opened.id;
  }

  /** For the other classes of this package. */
  static openImageOf(image: OpenedImageBase): OpenImage {
    return image.#image;
  }

  protected get opened(): OpenImage {
    return this.#image;
  }

  /** Latches it, waits for what is in flight, flushes and closes. Idempotent. Wraps rbd_close. */
  async close(): Promise<void> {
    try {
      await native.close(this.#image.handle);
    } catch (error) {
      throw toRbdError(error, this.#image.spec);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
