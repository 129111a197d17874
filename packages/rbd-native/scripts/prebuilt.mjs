/**
 * Where a prebuilt binding lies in the package, for src/internal/binding.ts to find: one for each platform and
 * architecture. Node-API serves all versions of Node.js; librbd's and librados's interfaces are stable from Ceph 16 on,
 * and what came later is looked up at run time: one that was built with the oldest Ceph and libc serves all newer ones.
 */
export const prebuiltPath = new URL(
  `../prebuilds/${process.platform}-${process.arch}/rbd_native.node`,
  import.meta.url,
);
