//! A gzip file of zeros, about a thousand times smaller than what it inflates to.

const LONGEST_MATCH: u64 = 258;

/// Deflate's bit order: fields least significant bit first, Huffman codes the other way round.
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> at & 1 == 1) << self.used;
            }
            self.used = (self.used + 1) % 8;
        }
    }

    fn code(&mut self, code: u32, count: u32) {
        for at in (0..count).rev() {
            self.push(code >> at & 1, 1);
        }
    }
}

/// A gzip file that inflates to at least `size` zero bytes.
pub(crate) fn zeros(size: u64) -> Vec<u8> {
    let matches = size.div_ceil(LONGEST_MATCH);
    let length = 1 + matches * LONGEST_MATCH;
    let mut bits = Bits {
        // Magic, deflate, no flags, no time, best compression, unknown system.
        bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff],
        used: 0,
    };
    // One final block with its own codes: 286 literal and length codes, 1 distance code, and 18
    // lengths of the codes that describe them.
    bits.push(1, 1);
    bits.push(2, 2);
    bits.push(286 - 257, 5);
    bits.push(0, 5);
    bits.push(18 - 4, 4);
    // In the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1: "18" takes 1 bit, "2" and "1" 2.
    for bits_of in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] {
        bits.push(bits_of, 3);
    }
    let one = |bits: &mut Bits| bits.code(0b10, 2);
    let two = |bits: &mut Bits| bits.code(0b11, 2);
    let skip = |bits: &mut Bits, count: u32| {
        bits.code(0, 1);
        bits.push(count - 11, 7);
    };
    two(&mut bits); // literal 0
    skip(&mut bits, 138);
    skip(&mut bits, 117);
    two(&mut bits); // 256, the end
    skip(&mut bits, 28);
    one(&mut bits); // 285, length 258
    one(&mut bits); // distance 1
    bits.code(0b10, 2); // a zero
    for _ in 0..matches {
        bits.code(0, 1);
        bits.code(0, 1);
    }
    bits.code(0b11, 2); // the end
    bits.bytes.extend(crc_of_zeros(length).to_le_bytes());
    let modulo = u32::try_from(length & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    bits.bytes.extend(modulo.to_le_bytes());
    bits.bytes
}

fn crc_of_zeros(length: u64) -> u32 {
    let table: Vec<u32> = (0..256u32)
        .map(|byte| {
            (0..8).fold(byte, |crc, _| {
                (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
            })
        })
        .collect();
    let step = |crc: u32, _| (crc >> 8) ^ table[usize::from(crc.to_le_bytes()[0])];
    !(0..length).fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small() {
        let bomb = zeros(1 << 20);
        assert!(bomb.len() < 1200, "{} bytes for a mebibyte", bomb.len());
    }

    #[test]
    fn knows_the_checksum() {
        // CRC-32 of four zero bytes.
        assert_eq!(crc_of_zeros(4), 0x2144_df1c);
    }
}
