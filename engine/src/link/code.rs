//! base64url without padding (RFC 4648, section 5).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Appends the characters for some bytes.
pub(super) fn encode(bytes: &[u8], code: &mut String) {
    for three in bytes.chunks(3) {
        let mut word = 0u32;
        for index in 0..3 {
            word = word << 8 | u32::from(three.get(index).copied().unwrap_or(0));
        }
        for index in 0..=three.len() {
            let six = word >> (18 - 6 * index) & 63;
            code.push(char::from(ALPHABET[six as usize]));
        }
    }
}

/// Whether all characters are of the alphabet.
pub(super) fn is_code(text: &str) -> bool {
    text.bytes().all(|letter| ALPHABET.contains(&letter))
}

/// The bytes of some characters; none when one is not of the alphabet, or when bits are left over.
pub(super) fn decode(code: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(code.len() / 4 * 3 + 2);
    for four in code.as_bytes().chunks(4) {
        let mut word = 0u32;
        for letter in four {
            let six = ALPHABET.iter().position(|known| known == letter)?;
            word = word << 6 | six as u32;
        }
        let whole = (four.len() * 6 / 8).min(3);
        word <<= 6 * (4 - four.len());
        let left = word & (0xff_ffff >> (8 * whole));
        if whole == 0 || left != 0 {
            return None;
        }
        bytes.extend_from_slice(&word.to_be_bytes()[1..=whole]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn what_is_encoded_is_decoded_again_and_nothing_else_is_taken() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar", "\u{0}\u{ff}?>"] {
            let mut code = String::new();
            encode(text.as_bytes(), &mut code);
            assert_eq!(decode(&code).as_deref(), Some(text.as_bytes()), "{code}");
        }
        for wrong in ["A", "AB+/", "Zg==", "Zh", "Zm9v Zg", "é"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
