use uuid::Builder;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Ids of GHL's shapes, from a seeded generator: the same calls give the same ids.
#[derive(Debug)]
pub(crate) struct Ids(fastrand::Rng);

impl Ids {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Where it stands, for [`restore`](Self::restore).
    pub(crate) fn state(&self) -> u64 {
        self.0.get_seed()
    }

    pub(crate) fn restore(&mut self, state: u64) {
        self.0.seed(state);
    }

    /// 20 letters and digits: contacts, locations, conversations, calendars.
    pub(crate) fn entity(&mut self) -> String {
        self.alphanumeric(20)
    }

    /// 24 hex digits: apps, versions, token records.
    pub(crate) fn object(&mut self) -> String {
        (0..24)
            .map(|_| char::from(b"0123456789abcdef"[self.0.usize(..16)]))
            .collect()
    }

    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(ALPHABET[self.0.usize(..ALPHABET.len())]))
            .collect()
    }

    /// A version 4 UUID: trace ids, webhook ids, private tokens.
    pub(crate) fn uuid(&mut self) -> String {
        Builder::from_random_bytes(self.bytes())
            .into_uuid()
            .to_string()
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}
