/// What may be sent.
pub(super) const SENDABLE: &[&str] = &[
    "SMS",
    "RCS",
    "Email",
    "WhatsApp",
    "IG",
    "FB",
    "Custom",
    "Live_Chat",
    "TIKTOK",
];

/// What a provider may report as received.
pub(super) const INBOUND: &[&str] = &[
    "SMS",
    "RCS",
    "Email",
    "WhatsApp",
    "GMB",
    "IG",
    "FB",
    "Custom",
    "WebChat",
    "Live_Chat",
    "Call",
    "IVR_Call",
    "Campaign_Call",
    "Campaign_VoiceMail",
    "TIKTOK",
    "ALL_IN_ONE_CHAT",
    "FORM_SUBMISSION",
];

/// How a message travels. It has three spellings on the wire: `SMS`, `TYPE_SMS` and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Call,
    Sms,
    Rcs,
    Email,
    WhatsApp,
    Facebook,
    Instagram,
    Gmb,
    WebChat,
    LiveChat,
    TikTok,
    Custom,
}

impl Channel {
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "SMS" => Self::Sms,
            "RCS" => Self::Rcs,
            "Email" => Self::Email,
            "WhatsApp" => Self::WhatsApp,
            "FB" => Self::Facebook,
            "IG" => Self::Instagram,
            "GMB" => Self::Gmb,
            "WebChat" => Self::WebChat,
            "Live_Chat" | "ALL_IN_ONE_CHAT" => Self::LiveChat,
            "TIKTOK" => Self::TikTok,
            "Call" | "IVR_Call" | "Campaign_Call" | "Campaign_VoiceMail" => Self::Call,
            _ => Self::Custom,
        }
    }

    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Call => "TYPE_CALL",
            Self::Sms => "TYPE_SMS",
            Self::Rcs => "TYPE_RCS",
            Self::Email => "TYPE_EMAIL",
            Self::WhatsApp => "TYPE_WHATSAPP",
            Self::Facebook => "TYPE_FACEBOOK",
            Self::Instagram => "TYPE_INSTAGRAM",
            Self::Gmb => "TYPE_GMB",
            Self::WebChat => "TYPE_WEBCHAT",
            Self::LiveChat => "TYPE_LIVE_CHAT",
            Self::TikTok => "TYPE_TIKTOK",
            Self::Custom => "TYPE_CUSTOM_SMS",
        }
    }

    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::Call => "CALL",
            Self::Sms => "SMS",
            Self::Rcs => "RCS",
            Self::Email => "Email",
            Self::WhatsApp => "WhatsApp",
            Self::Facebook => "FB",
            Self::Instagram => "IG",
            Self::Gmb => "GMB",
            Self::WebChat => "WebChat",
            Self::LiveChat => "Live_Chat",
            Self::TikTok => "TIKTOK",
            Self::Custom => "Custom",
        }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Call => 1,
            Self::Sms => 2,
            Self::Email => 3,
            Self::WebChat => 5,
            Self::Facebook => 11,
            Self::Gmb => 14,
            Self::Instagram => 18,
            Self::WhatsApp => 19,
            Self::Custom => 20,
            Self::LiveChat => 29,
            Self::Rcs => 39,
            Self::TikTok => 40,
        }
    }
}
