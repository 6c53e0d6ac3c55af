//! Cursors of `tools/list`: a place in one list, and in no other.

/// Tells lists of tools apart: their names, in their order (FNV-1a).
pub(crate) fn fingerprint<'n>(names: impl Iterator<Item = &'n str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for name in names {
        for byte in name.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// The cursor of what starts at `offset`.
pub(crate) fn write(fingerprint: u64, offset: usize) -> String {
    format!("{fingerprint:016x}-{offset}")
}

/// The offset of a cursor; `None` when it is of another list, or none that was given out.
pub(crate) fn read(cursor: &str, fingerprint: u64, length: usize) -> Option<usize> {
    let (list, offset) = cursor.split_once('-')?;
    let offset: usize = offset.parse().ok()?;
    let is_ours = cursor == write(fingerprint, offset) && list.len() == 16;
    (is_ours && offset > 0 && offset < length).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_list_only() {
        let list = fingerprint(["a", "b"].into_iter());
        assert_eq!(read(&write(list, 1), list, 2), Some(1));
        for (bad, length) in [
            ("", 2),
            ("-", 2),
            ("1", 2),
            (write(list, 2).as_str(), 2),
            (write(list, 0).as_str(), 2),
            (write(fingerprint(["ab"].into_iter()), 1).as_str(), 2),
            (write(list, 1).replace("-1", "-01").as_str(), 2),
            (&"9".repeat(10_000), 2),
        ] {
            assert_eq!(read(bad, list, length), None, "{bad}");
        }
    }
}
