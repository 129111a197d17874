{
  "targets": [
    {
      "target_name": "rbd_native",
      "sources": ["<!@(node scripts/list-sources.mjs)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility=hidden", "-O2", "-g1", "-Wall", "-Wextra"],
      "libraries": ["-lrbd", "-lrados"],
      # Threads of librados may outlive a worker: the library must stay mapped when the worker's copy is closed.
      # librados's C++ interface, of which sparse reads are used, differs between releases of Ceph: a library of another
      # one must be found out when it is loaded, not by the first sparse read, which would end the process.
      "ldflags": ["-Wl,-z,nodelete", "-Wl,-z,now", "-Wl,--as-needed"]
    }
  ]
}
