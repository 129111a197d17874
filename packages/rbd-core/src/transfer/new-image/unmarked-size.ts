/**
 * The size with which a transfer creates an image, in bytes: it is what tells whose it is until it is marked. No user
 * asks for it, and nothing is in such an image.
 */
export const unmarkedSize = 2_718_281;
