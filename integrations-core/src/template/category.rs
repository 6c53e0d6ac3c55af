crate::open_enum! {
    /// What kind of system a template connects. Another word than these is kept.
    #[derive(Default)]
    pub enum Category {
        /// Customer relationship management.
        Crm = "CRM" | "crm" | "Crm",
        /// Calls.
        Dialer = "Dialer" | "dialer",
        /// Text messages.
        Texting = "Texting" | "texting" | "SMS",
        /// E-mail.
        Mail = "Mail" | "mail" | "Email",
        /// Calendars and booking.
        Calendar = "Calendar" | "calendar",
        /// Chat and collaboration of a team.
        Chat = "Chat" | "chat",
        /// Advertising.
        Advertising = "Advertising" | "advertising",
        /// Analytics.
        Analytics = "Analytics" | "analytics",
        /// Social media.
        SocialMedia = "Social Media" | "social_media" | "social media",
        /// Workflow automation.
        Automation = "Automation" | "automation",
        /// Payments and billing.
        Payments = "Payments" | "payments",
        /// Documents, files and knowledge bases.
        Documents = "Documents" | "documents",
        /// Sign-in and identity.
        Identity = "Identity" | "identity",
        /// Anything else.
        #[default]
        Other = "Other" | "other",
    }
}
