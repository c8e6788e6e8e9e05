"""CDB files, written by the definition of their format."""


def make_cdb(path, rows):
    """Rows of text; published by rename."""
    def hashed(key):
        h = 5381
        for c in key:
            h = (h * 33 & 0xffffffff) ^ c
        return h

    records, slots, pos = b"", [[] for _ in range(256)], 2048
    for key, value in rows.items():
        k, v = key.encode(), value.encode()
        h = hashed(k)
        slots[h % 256].append((h, pos))
        record = (len(k).to_bytes(4, "little") + len(v).to_bytes(4, "little")
                  + k + v)
        records += record
        pos += len(record)
    head, tables = b"", b""
    for entries in slots:
        n = 2 * len(entries)
        table = [(0, 0)] * n
        for h, at in entries:
            i = h // 256 % n
            while table[i][1] != 0:
                i = (i + 1) % n
            table[i] = (h, at)
        head += (pos + len(tables)).to_bytes(4, "little") + \
            n.to_bytes(4, "little")
        for h, at in table:
            tables += h.to_bytes(4, "little") + at.to_bytes(4, "little")
    new = path.with_suffix(".new")
    new.write_bytes(head + records + tables)
    new.chmod(0o644)
    new.rename(path)
