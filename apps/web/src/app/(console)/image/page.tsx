import type { Metadata } from "next";
import { ImagePage } from "#features/image/image-page.tsx";

export const metadata: Metadata = { title: "Image" };

export default ImagePage;
