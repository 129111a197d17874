"""Runs OpenStack Cinder's own Ceph backup driver, as Debian packages it.

Its database is replaced by two plain objects, a volume and a backup, which come with each request. One request is a line
of JSON on standard input, its answer a line of JSON on standard output; the driver's log goes to standard error.

  {"do": "backup",  "volume": {...}, "backup": {...}, "source": {"conf", "pool"}}
  {"do": "restore", "volume": {...}, "backup": {...}, "source": {"conf", "pool"}}
  {"do": "delete",  "backup": {...}, "volume": {...}}

volume: {"id", "name", "size" (GiB), "display_name", "metadata": {...}}
backup: {"id", "volume_id", "container", "parent_id", "service_metadata", "parent_service_metadata", "snapshot_id"}
"""

import json
import sys
import time
import traceback

import cinder.db
import rados
import rbd
from cinder import context
from cinder.backup.drivers import ceph
from os_brick.initiator import linuxrbd
from oslo_config import cfg


class Row(dict):
    """A row of Cinder's database: its columns are attributes, and iterating over it gives pairs."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name)

    def __iter__(self):
        return iter(self.items())

    def save(self):
        pass


class Database:
    """What the driver asks of Cinder's database: the volume of the request, and what a restore makes of it."""

    def __init__(self, volume):
        self.volume = Row(volume)
        self.volume_metadata = self.volume.pop("metadata", {})
        self.glance_metadata = self.volume.pop("glance_metadata", {})

    def volume_get(self, _context, volume_id):
        if volume_id != self.volume["id"]:
            raise KeyError(volume_id)
        return self.volume

    def volume_update(self, _context, _volume_id, values):
        self.volume.update(values)

    def volume_metadata_get(self, _context, _volume_id):
        return self.volume_metadata

    def volume_metadata_update(self, _context, _volume_id, metadata, _delete):
        self.volume_metadata = metadata

    def volume_glance_metadata_get(self, _context, _volume_id):
        return [Row(key=key, value=value) for key, value in self.glance_metadata.items()]

    def volume_glance_metadata_delete_by_volume(self, _context, _volume_id):
        self.glance_metadata = {}

    def volume_glance_metadata_create(self, _context, _volume_id, key, value):
        self.glance_metadata[key] = value


class Source:
    """A volume as os-brick opens it for Cinder, for as long as it is backed up or restored."""

    def __init__(self, conf, pool, image):
        self.cluster = rados.Rados(rados_id="admin", conffile=conf)
        self.cluster.connect()
        self.ioctx = self.cluster.open_ioctx(pool)
        self.image = rbd.Image(self.ioctx, image)
        self.file = linuxrbd.RBDVolumeIOWrapper(linuxrbd.RBDImageMetadata(self.image, pool, "admin", conf))

    def __enter__(self):
        return self.file

    def __exit__(self, *_):
        self.file.close()
        self.ioctx.close()
        self.cluster.shutdown()


def backup_row(request):
    row = Row(request["backup"])
    parent = row.pop("parent_service_metadata", None)
    row["parent"] = Row(service_metadata=parent) if row.get("parent_id") else None
    row.setdefault("parent_id", None)
    row.setdefault("service_metadata", None)
    row.setdefault("snapshot_id", None)
    return row


def answer(request):
    volume = request["volume"]
    driver = ceph.CephBackupDriver(context.get_admin_context())
    driver.db = Database(volume)
    driver.backup_meta_api.db = driver.db
    row = backup_row(request)
    if request["do"] == "delete":
        driver.delete_backup(row)
        return {}
    source = request["source"]
    with Source(source["conf"], source["pool"], volume["name"]) as file:
        if request["do"] == "backup":
            updates = driver.backup(row, file)
            return {"service_metadata": updates.get("service_metadata")}
        if request["do"] == "restore":
            driver.restore(row, volume["id"], file)
            database = driver.db
            return {
                "volume": dict(database.volume),
                "metadata": database.volume_metadata,
                "glance_metadata": database.glance_metadata,
            }
    raise ValueError(request["do"])


def main(conf, pool):
    # The driver's base class closes the connections to a database that there is none of.
    cinder.db.dispose_engine = lambda: None
    cfg.CONF([], project="cinder", default_config_files=[])
    cfg.CONF.set_override("backup_ceph_conf", conf)
    cfg.CONF.set_override("backup_ceph_user", "admin")
    cfg.CONF.set_override("backup_ceph_pool", pool)
    print(json.dumps({"metadata_version": cfg.CONF.backup_metadata_version}), flush=True)
    for line in sys.stdin:
        started = time.monotonic()
        try:
            reply = answer(json.loads(line))
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}"}
        reply["seconds"] = time.monotonic() - started
        print(json.dumps(reply), flush=True)


main(*sys.argv[1:])
