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
      "ldflags": ["-Wl,-z,nodelete", "-Wl,--as-needed"]
    }
  ]
}
