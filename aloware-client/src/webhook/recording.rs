use integrations_core::lenient::{Lenient, string_option, text_item};
use serde::{Deserializer, Serialize, Serializer};

integrations_core::secret! {
    /// Where a recording is. **Whoever has the URL has the recording**: no log shows it, no error holds it.
    pub struct RecordingUrl;
}

impl Serialize for RecordingUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_secret())
    }
}

impl Lenient for RecordingUrl {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let url = string_option(deserializer)?.filter(|url| !url.is_empty());
        Ok(url.map(Self::from))
    }

    fn read_item<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(text_item(deserializer)?.map(Self::from))
    }
}
