//! What the provider writes as numbers, sometimes as texts: by name. A number that this version does not know is kept.

integrations_core::open_enum! {
    /// What a user is doing.
    pub enum AgentStatus {
        /// Not there.
        Offline = "0",
        /// Ready for a call.
        Available = "1",
        /// Not to be called.
        Busy = "2",
        /// On a break.
        OnBreak = "3",
        /// In a call.
        OnCall = "4",
        /// After a call.
        WrapUp = "5",
        /// Being called.
        Ringing = "6",
    }

    /// Which way a communication went.
    pub enum Direction {
        /// To us.
        Inbound = "1" | "inbound",
        /// From us.
        Outbound = "2" | "outbound",
    }

    /// What kind of communication it is.
    pub enum CommunicationType {
        /// A call.
        Call = "1",
        /// A text message.
        Sms = "2",
        /// A conference.
        Conference = "3",
        /// A voicemail that was dropped without a ring.
        RinglessVoicemail = "4",
        /// An e-mail.
        Email = "5",
        /// A message of Facebook.
        Facebook = "6",
        /// A message of WhatsApp.
        WhatsApp = "7",
        /// A fax.
        Fax = "8",
        /// A note.
        Note = "10",
        /// A note of the system.
        SystemNote = "11",
        /// An appointment.
        Appointment = "12",
        /// A reminder.
        Reminder = "13",
    }

    /// How a communication ended: `disposition_status2`, and the words of `disposition_status`.
    pub enum DispositionStatus {
        /// It has not ended.
        InProgress = "1" | "in-progress",
        /// The caller hung up before anybody answered.
        Abandoned = "2" | "abandoned",
        /// Nobody answered.
        Missed = "3" | "missed",
        /// It took place.
        Completed = "4" | "completed",
        /// It failed on its way.
        Failed = "5" | "failed",
        /// The call flow led nowhere.
        DeadEnd = "6" | "dead-end",
        /// The carrier rejected it before it was sent.
        Invalid = "7" | "invalid",
        /// Placed; a filter and not a state.
        Placed = "8" | "placed",
        /// The appointment was kept.
        AppointmentAttended = "9" | "attended",
        /// The appointment was cancelled.
        AppointmentCanceled = "10" | "canceled",
        /// The appointment was made.
        AppointmentSet = "11" | "set",
        /// A voicemail was left.
        Voicemail = "12" | "voicemail",
        /// Missed, with a voicemail; a filter and not a state.
        MissedVoicemail = "13" | "missed+voicemail",
        /// The appointment was not kept.
        AppointmentMissed = "14",
    }

    /// Where a communication is: `current_status2`.
    pub enum CurrentStatus {
        /// It rings.
        Ringing = "1" | "ringing",
        /// The greeting plays.
        Greeting = "2" | "greeting",
        /// The caller waits.
        Queued = "3",
        /// It rings everywhere.
        RingAll = "4" | "ring-all",
        /// It is being transferred.
        Transferring = "5" | "transferring",
        /// The voicemail records.
        Voicemail = "6" | "voicemail",
        /// An agent listens in.
        Whispering = "7" | "whispering",
        /// They talk.
        InProgress = "8" | "in-progress",
        /// It is over.
        Completed = "9" | "completed",
        /// It is parked.
        Parked = "10" | "parked",
        /// A message came.
        SmsReceived = "11" | "received",
        /// A message was sent.
        SmsSent = "12" | "sent",
        /// A message arrived.
        SmsDelivered = "13" | "delivered",
        /// A message was taken.
        SmsAccepted = "14" | "accepted",
        /// A message waits.
        SmsQueued = "15" | "queued",
        /// A message is being sent.
        SmsSending = "16" | "sending",
        /// A message is being received.
        SmsReceiving = "17" | "receiving",
        /// A message did not arrive.
        SmsUndelivered = "18" | "undelivered",
        /// A message failed.
        SmsFailed = "19" | "failed",
    }

    /// What kind of line a number is on.
    pub enum LineType {
        /// A landline.
        Landline = "0" | "landline",
        /// A mobile phone.
        Wireless = "1" | "wireless" | "mobile",
        /// Internet telephony.
        Voip = "2" | "voip",
        /// Something else.
        Other = "3" | "other",
        /// Nobody asked.
        NotPerformed = "4",
        /// Nobody knows.
        NotAvailable = "5",
    }
}
