"""Plain python3-rbd, as an independent client: answers one JSON request a line, some at a time."""

import concurrent.futures
import hashlib
import json
import struct
import sys
import threading

import rados
import rbd

cluster = rados.Rados(conffile=sys.argv[1])
cluster.connect()
printing = threading.Lock()
EXISTING_STATES = (1, 3)
PIECE = 4 << 20


def states_in_map(ioctx, image_id, snapshot_id):
    name = "rbd_object_map." + image_id + ("" if snapshot_id is None else ".%016x" % snapshot_id)
    content = ioctx.read(name, 1 << 20)
    header = struct.unpack_from("<I", content)[0]
    count = struct.unpack_from("<Q", content, 4 + 6)[0]
    bits = content[4 + header :]
    return [(bits[i // 4] >> (6 - 2 * (i % 4))) & 3 for i in range(count)]


def wrong_in_map(ioctx, image, image_id, snapshot_id):
    """What the object map of a head or a snapshot says of objects, and is not so."""
    if not image.features() & rbd.RBD_FEATURE_OBJECT_MAP:
        return []
    if image.flags() & rbd.RBD_FLAG_OBJECT_MAP_INVALID:
        return ["the object map is marked as invalid"]
    states = states_in_map(ioctx, image_id, snapshot_id)
    wrong = []
    prefix, objects = image.stat()["block_name_prefix"], image.stat()["num_objs"]
    if len(states) < objects:
        return ["the object map has %d of %d objects" % (len(states), objects)]
    try:
        if snapshot_id is not None:
            ioctx.set_read(snapshot_id)
        for number, state in enumerate(states):
            try:
                ioctx.stat("%s.%016x" % (prefix, number))
                exists = True
            except rados.ObjectNotFound:
                exists = False
            if exists != (state in EXISTING_STATES):
                wrong.append("object %d: state %d, but it %s" % (number, state, "exists" if exists else "is not there"))
    finally:
        ioctx.set_read(rados.LIBRADOS_SNAP_HEAD)
    return wrong


def inspect(ioctx, image, snapshot=None, since=None):
    """Contents, whole-object diff since a snapshot, and errors of the object map."""
    with rbd.Image(ioctx, image, snapshot=snapshot, read_only=True) as opened:
        size = opened.size()
        data = opened.read(0, size) if size > 0 else b""
        extents = []
        take = lambda offset, length, exists: extents.append([offset, length])
        if size > 0:
            opened.diff_iterate(0, size, since, take, whole_object=True)
        snapshot_id = None
        if snapshot is not None:
            snapshot_id = next(each["id"] for each in opened.list_snaps() if each["name"] == snapshot)
        return {
            "size": size,
            "sha256": hashlib.sha256(data).hexdigest(),
            "changed": extents,
            "wrong": wrong_in_map(ioctx, opened, opened.id(), snapshot_id),
        }


def digest(ioctx, image, algorithm, snapshot=None):
    """The digest of everything that an image or snapshot holds."""
    with rbd.Image(ioctx, image, snapshot=snapshot, read_only=True) as opened:
        size = opened.size()
        hashed = hashlib.new(algorithm)
        for at in range(0, size, PIECE):
            hashed.update(opened.read(at, min(PIECE, size - at)))
        return hashed.hexdigest()


def features(ioctx, image, snapshot=None):
    with rbd.Image(ioctx, image, snapshot=snapshot, read_only=True) as opened:
        return opened.features()


def change(ioctx, image, action, snapshot=None, **values):
    if action == "create":
        object_size = values.get("objectSize")
        order = None if object_size is None else object_size.bit_length() - 1
        rbd.RBD().create(ioctx, image, values["size"], order, old_format=False)
        return
    if action == "remove":
        rbd.RBD().remove(ioctx, image)
        return
    with rbd.Image(ioctx, image, snapshot=snapshot) as opened:
        if action == "resize":
            opened.resize(values["size"], allow_shrink=values.get("allowShrink", True))
        elif action == "rebuild":
            opened.rebuild_object_map(lambda done, total: 0)
        elif action == "snapshot":
            opened.create_snap(values["name"])
        elif action == "protect":
            opened.protect_snap(values["name"])
        elif action == "unprotect":
            opened.unprotect_snap(values["name"])
        elif action == "remove-snapshot":
            opened.remove_snap(values["name"])
        else:
            raise ValueError(action)


def objects(ioctx):
    """The names of all RADOS objects of a pool, in all namespaces."""
    ioctx.set_namespace(rados.LIBRADOS_ALL_NSPACES)
    return [each.key for each in ioctx.list_objects()]


def listed(ioctx):
    """The images of a pool, and what is in its trash."""
    trash = [{"id": each["id"], "name": each["name"]} for each in rbd.RBD().trash_list(ioctx)]
    return {"images": rbd.RBD().list(ioctx), "trash": trash}


CALLS = {"inspect": inspect, "digest": digest, "features": features, "listed": listed, "objects": objects, "change": change}


def answer(line):
    request = json.loads(line)
    number, call, pool = request.pop("id"), request.pop("call"), request.pop("pool")
    namespace = request.pop("namespace", "")
    try:
        with cluster.open_ioctx(pool) as ioctx:
            ioctx.set_namespace(namespace)
            reply = {"value": CALLS[call](ioctx, **request)}
    except Exception as error:
        reply = {"error": "%s: %s" % (type(error).__name__, error)}
    with printing:
        print(json.dumps({"id": number, **reply}), flush=True)


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for line in sys.stdin:
        pool.submit(answer, line)
