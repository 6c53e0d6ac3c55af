use integrations_core::open_enum;

open_enum! {
    /// How a message travels, as it is written when it is sent or reported, and in webhooks.
    pub enum MessageChannel {
        /// Text message.
        Sms = "SMS",
        /// RCS message.
        Rcs = "RCS",
        /// E-mail.
        Email = "Email",
        /// WhatsApp.
        WhatsApp = "WhatsApp",
        /// Google Business.
        Gmb = "GMB",
        /// Instagram.
        Instagram = "IG",
        /// Facebook Messenger.
        Facebook = "FB",
        /// An app's own channel: a conversation provider.
        Custom = "Custom",
        /// Chat widget.
        WebChat = "WebChat",
        /// Live chat.
        LiveChat = "Live_Chat",
        /// Call. Webhooks write it in capitals.
        Call = "Call" | "CALL",
        /// Call that a menu answered.
        IvrCall = "IVR_Call",
        /// Call of a campaign.
        CampaignCall = "Campaign_Call",
        /// Voicemail of a campaign.
        CampaignVoicemail = "Campaign_VoiceMail",
        /// Voicemail; only in webhooks.
        Voicemail = "VoiceMail",
        /// TikTok.
        TikTok = "TIKTOK",
        /// The chat widget for all channels.
        AllInOneChat = "ALL_IN_ONE_CHAT",
        /// An answered form.
        FormSubmission = "FORM_SUBMISSION",
        /// A note among users; only in webhooks.
        InternalComment = "InternalComment",
    }

    /// What a message is, as it is written in lists.
    pub enum MessageType {
        /// Call.
        Call = "TYPE_CALL" | "CALL",
        /// Text message.
        Sms = "TYPE_SMS" | "SMS",
        /// RCS message.
        Rcs = "TYPE_RCS" | "RCS",
        /// E-mail.
        Email = "TYPE_EMAIL" | "Email",
        /// Voicemail.
        Voicemail = "TYPE_VOICEMAIL",
        /// Text message that asks for a review.
        SmsReviewRequest = "TYPE_SMS_REVIEW_REQUEST",
        /// Chat widget.
        WebChat = "TYPE_WEBCHAT",
        /// Text message to somebody who did not come.
        SmsNoShowRequest = "TYPE_SMS_NO_SHOW_REQUEST",
        /// Text message of a campaign.
        CampaignSms = "TYPE_CAMPAIGN_SMS",
        /// Call of a campaign.
        CampaignCall = "TYPE_CAMPAIGN_CALL",
        /// E-mail of a campaign.
        CampaignEmail = "TYPE_CAMPAIGN_EMAIL",
        /// Voicemail of a campaign.
        CampaignVoicemail = "TYPE_CAMPAIGN_VOICEMAIL",
        /// Facebook Messenger.
        Facebook = "TYPE_FACEBOOK",
        /// Facebook message of a campaign.
        CampaignFacebook = "TYPE_CAMPAIGN_FACEBOOK",
        /// Call that a campaign asked a person to make.
        CampaignManualCall = "TYPE_CAMPAIGN_MANUAL_CALL",
        /// Text message that a campaign asked a person to send.
        CampaignManualSms = "TYPE_CAMPAIGN_MANUAL_SMS",
        /// Google Business.
        Gmb = "TYPE_GMB",
        /// Google Business message of a campaign.
        CampaignGmb = "TYPE_CAMPAIGN_GMB",
        /// Review.
        Review = "TYPE_REVIEW",
        /// Instagram.
        Instagram = "TYPE_INSTAGRAM",
        /// WhatsApp.
        WhatsApp = "TYPE_WHATSAPP",
        /// Text message of a replaced provider.
        CustomSms = "TYPE_CUSTOM_SMS",
        /// E-mail of a replaced provider.
        CustomEmail = "TYPE_CUSTOM_EMAIL",
        /// Text message of a conversation provider.
        CustomProviderSms = "TYPE_CUSTOM_PROVIDER_SMS",
        /// E-mail of a conversation provider.
        CustomProviderEmail = "TYPE_CUSTOM_PROVIDER_EMAIL",
        /// Call of a conversation provider.
        CustomCall = "TYPE_CUSTOM_CALL",
        /// Call that a menu answered.
        IvrCall = "TYPE_IVR_CALL",
        /// Something happened to the contact.
        ActivityContact = "TYPE_ACTIVITY_CONTACT",
        /// Something happened to an invoice.
        ActivityInvoice = "TYPE_ACTIVITY_INVOICE",
        /// Something happened to a payment.
        ActivityPayment = "TYPE_ACTIVITY_PAYMENT",
        /// Something happened to an opportunity.
        ActivityOpportunity = "TYPE_ACTIVITY_OPPORTUNITY",
        /// Something happened to an appointment.
        ActivityAppointment = "TYPE_ACTIVITY_APPOINTMENT",
        /// Something a user did.
        ActivityEmployeeActionLog = "TYPE_ACTIVITY_EMPLOYEE_ACTION_LOG",
        /// Something happened on WhatsApp.
        ActivityWhatsApp = "TYPE_ACTIVITY_WHATSAPP",
        /// Live chat.
        LiveChat = "TYPE_LIVE_CHAT",
        /// A remark of the live chat itself.
        LiveChatInfoMessage = "TYPE_LIVE_CHAT_INFO_MESSAGE",
        /// Comment on Facebook.
        FacebookComment = "TYPE_FACEBOOK_COMMENT",
        /// Comment on Instagram.
        InstagramComment = "TYPE_INSTAGRAM_COMMENT",
        /// A note among users.
        InternalComment = "TYPE_INTERNAL_COMMENT",
        /// Notes among users, as the filter of a list spells it.
        InternalComments = "TYPE_INTERNAL_COMMENTS",
        /// TikTok.
        TikTok = "TYPE_TIKTOK",
        /// Comment on TikTok.
        TikTokComment = "TYPE_TIKTOK_COMMENT",
        /// An answered form.
        FormSubmission = "TYPE_FORM_SUBMISSION",
        /// A reaction to a text message.
        SmsReaction = "TYPE_SMS_REACTION",
    }

    /// Which way a message went.
    pub enum MessageDirection {
        /// From the contact.
        Inbound = "inbound",
        /// To the contact.
        Outbound = "outbound",
    }

    /// How far a message got.
    pub enum MessageStatus {
        /// Waits to be sent.
        Pending = "pending",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Waits in a queue.
        Queued = "queued",
        /// On its way.
        Sent = "sent",
        /// Arrived.
        Delivered = "delivered",
        /// Read.
        Read = "read",
        /// Opened, of an e-mail.
        Opened = "opened",
        /// A link in it was followed.
        Clicked = "clicked",
        /// Did not arrive.
        Undelivered = "undelivered",
        /// Not sent.
        Failed = "failed",
        /// The contact wants no more.
        OptOut = "opt_out",
        /// A call that was taken.
        Connected = "connected",
        /// A call that ended; only in webhooks.
        Completed = "completed",
        /// A call that reached the voicemail; only in webhooks.
        Voicemail = "voicemail",
    }

    /// How a call ended.
    pub enum CallStatus {
        /// Not yet taken.
        Pending = "pending",
        /// Ended.
        Completed = "completed",
        /// Taken.
        Answered = "answered",
        /// The line was busy.
        Busy = "busy",
        /// Nobody answered.
        NoAnswer = "no-answer",
        /// It did not come about.
        Failed = "failed",
        /// The caller gave up.
        Canceled = "canceled",
        /// It reached the voicemail.
        Voicemail = "voicemail",
    }

    /// What made a message.
    pub enum MessageSource {
        /// A workflow.
        Workflow = "workflow",
        /// A bulk action.
        BulkActions = "bulk_actions",
        /// A campaign.
        Campaign = "campaign",
        /// The API.
        Api = "api",
        /// A person in the application.
        App = "app",
    }
}
