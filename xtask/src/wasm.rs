//! The few parts of wasm's binary format that the build needs.

use crate::Result;

/// "\0asm" and the version.
const HEADER: usize = 8;
const CUSTOM: u8 = 0;

/// Removes custom sections, such as function names: they are more than half of a split part, and no browser
/// needs them.
pub fn strip(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut output = wasm.get(..HEADER).ok_or("not a wasm module")?.to_vec();
    let mut rest = &wasm[HEADER..];
    while let Some((id, after)) = rest.split_first() {
        let (length, header) = leb128(after).ok_or("a truncated wasm section")?;
        let section = rest.get(..1 + header + length).ok_or("a truncated wasm section")?;
        if *id != CUSTOM {
            output.extend_from_slice(section);
        }
        rest = &rest[section.len()..];
    }
    Ok(output)
}

/// Decodes a number; returns it with its length in bytes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_are_removed_and_the_others_stay() {
        let header = b"\0asm\x01\0\0\0";
        let types = [&[1, 0x80, 0x01][..], &[7; 128]].concat();
        let name = [0, 5, 4, b'n', b'a', b'm', b'e'];
        let module = [&header[..], &name, &types, &name].concat();
        assert_eq!(strip(&module).unwrap(), [&header[..], &types].concat());
    }

    #[test]
    fn a_truncated_module_is_an_error() {
        for module in [&b"\0as"[..], b"\0asm\x01\0\0\0\x01\x05ab", b"\0asm\x01\0\0\0\x01"] {
            assert!(strip(module).is_err());
        }
    }

    #[test]
    fn stripping_any_bytes_fails_or_is_idempotent() {
        let bytes = [0, 1, 2, 0x80, 0xff];
        for n in 0..bytes.len().pow(7) {
            let rest = (0_u32..7).map(|place| bytes[n / bytes.len().pow(place) % bytes.len()]);
            let module: Vec<_> = b"\0asm\x01\0\0\0".iter().copied().chain(rest).collect();
            let Ok(once) = strip(&module) else { continue };
            assert_eq!(strip(&once).unwrap(), once, "{module:?}");
        }
    }
}
