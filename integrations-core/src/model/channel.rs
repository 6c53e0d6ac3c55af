use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

crate::open_enum! {
    /// By which medium a person is reached.
    pub enum Channel {
        /// Text message, with or without pictures.
        Sms = "sms" | "SMS" | "mms",
        /// Telephone.
        Call = "call" | "CALL" | "voice",
        /// E-mail.
        Email = "email" | "Email" | "EMAIL",
        /// WhatsApp.
        WhatsApp = "whatsapp" | "WhatsApp" | "whatsApp",
        /// Facebook Messenger.
        Facebook = "facebook" | "FB" | "fb",
        /// Instagram messages.
        Instagram = "instagram" | "IG",
        /// Chat on a website.
        LiveChat = "live_chat" | "Live_Chat",
        /// A message on a chat platform of the team: Slack, Teams.
        Chat = "chat",
    }

    /// Which way a message or call went.
    pub enum Direction {
        /// To us.
        Inbound = "inbound" | "incoming",
        /// From us.
        Outbound = "outbound" | "outgoing",
    }
}

/// What one source says about contacting a person, per channel.
///
/// Three answers are kept apart: opted out, may be contacted, and nothing said. Silence never lifts another source's
/// opt-out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct OptOuts {
    /// "Do not disturb" for every channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Per channel: `true` opted out, `false` may be contacted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<Channel, bool>,
}

impl OptOuts {
    /// Nothing said about any channel.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records what the source says about a channel.
    pub fn set(&mut self, channel: Channel, opted_out: bool) {
        self.channels.insert(channel, opted_out);
    }

    /// Whether this source forbids the channel: by name, or as a whole.
    #[must_use]
    pub fn blocks(&self, channel: &Channel) -> bool {
        self.all == Some(true) || self.channels.get(channel) == Some(&true)
    }

    /// Whether the source says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.channels.is_empty()
    }
}

impl super::macros::Masked for OptOuts {
    fn masked(&self, name: &str, out: &mut std::fmt::DebugStruct<'_, '_>) {
        if !self.is_empty() {
            out.field(name, self);
        }
    }
}
