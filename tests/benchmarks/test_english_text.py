"""Text for a language model is read from what packages bring."""

import zlib

from benchmarks.english_text import r_texts


def test_the_texts_of_a_database_of_r_objects_are_their_lines() -> None:
    def stored(*lines: bytes) -> bytes:
        header = b"X\n\0\0\0\2" + b"\0\0\0\x10" + len(lines).to_bytes(4, "big")
        data = header + b"".join(b"\0\4\0\t" + len(line).to_bytes(4, "big") + line for line in lines)
        return len(data).to_bytes(4, "big") + zlib.compress(data)

    content = stored(b"Sense", b"", b"and Sensibility") + stored(b"Emma")
    assert list(r_texts(content)) == ["Sense\n\nand Sensibility", "Emma"]
