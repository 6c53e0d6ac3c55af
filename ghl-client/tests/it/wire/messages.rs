use ghl_client::Upload;
use ghl_client::messages::{
    CallDetails, CallStatus, EmailReplyMode, ForwardedEmail, MessageChannel, MessageDirection,
    MessageStatus, MessageType, OptimizationPeriod,
};
use serde_json::json;

use super::NONE;
use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    read(cases).await;
    send(cases).await;
    report(cases).await;
    files(cases).await;
}

async fn files(cases: &mut Cases) {
    let location = cases.location();
    let messages = location.messages();
    let uploaded = json!({
        "uploadedFiles": {"a.pdf": "https://example.com/a.pdf"}, "twilioMediaSids": ["ME0"]
    });
    let path = "POST /conversations/messages/upload";
    cases
        .required(
            messages
                .upload("con1", "cnt1")
                .file(Upload::from_bytes("a.pdf", "PDF")),
            path,
            json!({
                "conversationId": "con1", "contactId": "cnt1", "locationId": "loc1",
                "fileAttachment": ["a.pdf", "application/pdf", "PDF"]
            }),
            &uploaded,
        )
        .await;
    let photo = Upload::from_bytes("photo", "JPG").with_content_type("image/jpeg");
    cases
        .full(
            messages
                .upload("con1", "cnt1")
                .file(Upload::from_bytes("x.bin", "PDF").with_file_name("a.pdf"))
                .file(photo)
                .attachment_urls(vec!["https://example.com/1.png".to_owned()])
                .chat_service_sid("IS0")
                .is_group_sms(true),
            path,
            json!({
                "conversationId": "con1", "contactId": "cnt1", "locationId": "loc1",
                "attachmentUrls": "https://example.com/1.png", "chatServiceSid": "IS0", "isGroupSms": "true",
                "fileAttachment": [["a.pdf", "application/pdf", "PDF"], ["photo", "image/jpeg", "JPG"]]
            }),
            &uploaded,
        )
        .await;

    let audio = json!("RIFF");
    cases
        .only(
            messages.recording("msg1"),
            "GET /conversations/messages/msg1/locations/loc1/recording",
            NONE,
            &audio,
        )
        .await;
    cases
        .only(
            messages.download_transcription("msg1"),
            "GET /conversations/locations/loc1/messages/msg1/transcription/download",
            NONE,
            &audio,
        )
        .await;
    let sentence = json!({
        "mediaChannel": 1, "sentenceIndex": 0, "startTime": 34, "endTime": 4500, "confidence": 0.5,
        "transcript": "Hello, this is Example Dental."
    });
    let list = json!([sentence, sentence]);
    for sample in [&sentence, &list] {
        cases
            .only(
                messages.transcription("msg1"),
                "GET /conversations/locations/loc1/messages/msg1/transcription",
                NONE,
                sample,
            )
            .await;
    }
}

async fn read(cases: &mut Cases) {
    let location = cases.location();
    let messages = location.messages();
    let message = json!({
        "id": "msg1", "type": 1, "messageType": "TYPE_CALL", "locationId": "loc1", "contactId": "cnt1",
        "conversationId": "con1", "dateAdded": "2026-01-02T12:00:00.000Z", "body": "Hello", "direction": "inbound",
        "status": "delivered", "contentType": "text/plain", "attachments": ["https://example.com/a.wav"],
        "meta": {"callDuration": "120", "callStatus": "completed", "email": {"messageIds": ["ema1"]}},
        "source": "app", "userId": "use1", "conversationProviderId": "pro1", "chatWidgetId": "wid1"
    });
    let live = json!({"message": message});
    cases
        .only(
            messages.get("msg1"),
            "GET /conversations/messages/msg1",
            NONE,
            &live,
        )
        .await;
    let flat = message.clone();
    cases
        .only(
            messages.get("msg1"),
            "GET /conversations/messages/msg1",
            NONE,
            &flat,
        )
        .await;

    let flat = json!({"lastMessageId": "msg1", "nextPage": false, "messages": [message]});
    let live = json!({"messages": flat});
    for sample in [&live, &flat] {
        cases
            .required(
                messages.list("con1"),
                "GET /conversations/con1/messages",
                NONE,
                sample,
            )
            .await;
    }
    cases
        .full(
            messages
                .list("con1")
                .kinds(vec![MessageType::Sms, MessageType::Call])
                .last_message_id("msg0")
                .limit(50_u32),
            "GET /conversations/con1/messages?type=TYPE_SMS%2CTYPE_CALL&lastMessageId=msg0&limit=50",
            NONE,
            &live,
        )
        .await;
}

async fn send(cases: &mut Cases) {
    let location = cases.location();
    let messages = location.messages();
    let sent = json!({
        "conversationId": "con1", "emailMessageId": "ema1", "messageId": "msg1", "messageIds": ["msg1"],
        "msg": "Message queued successfully.", "status": "pending"
    });
    let path = "POST /conversations/messages";
    cases
        .required(
            messages.send(MessageChannel::Sms, "cnt1"),
            path,
            json!({"type": "SMS", "contactId": "cnt1"}),
            &sent,
        )
        .await;
    cases
        .required(
            messages.sms("cnt1", "Hello"),
            path,
            json!({"type": "SMS", "contactId": "cnt1", "message": "Hello"}),
            &sent,
        )
        .await;
    cases
        .required(
            messages.whats_app("cnt1", "Hello"),
            path,
            json!({"type": "WhatsApp", "contactId": "cnt1", "message": "Hello"}),
            &sent,
        )
        .await;

    let mut forward = ForwardedEmail::new("msg0");
    forward.forward_whole_thread = Some(false);
    forward.email_message_id = Some("ema0".to_owned());
    forward.source_contact_id = Some("cnt0".into());
    forward.source_conversation_id = Some("con0".into());
    forward.to_email = Some("office@example.com".to_owned());
    forward.recipient_contact_id = Some("cnt2".into());
    forward.recipient_conversation_id = Some("con2".into());
    cases
        .full(
            messages
                .email("cnt1", "Hello", "<p>Hello</p>")
                .message("Hello")
                .attachments(vec!["https://example.com/a.pdf".to_owned()])
                .email_from("desk@example.com")
                .email_to("jane@example.com")
                .email_cc(vec!["cc@example.com".to_owned()])
                .email_bcc(vec!["bcc@example.com".to_owned()])
                .email_reply_mode(EmailReplyMode::ReplyAll)
                .reply_message_id("msg2")
                .thread_id("msg3")
                .template_id("tem1")
                .appointment_id("eve1")
                .from_number("+12025550100")
                .to_number("+12025550123")
                .scheduled_timestamp("2026-01-02T12:00:00Z".parse::<jiff::Timestamp>().unwrap())
                .conversation_provider_id("pro1")
                .custom_subtype_id("sub1")
                .forward(forward)
                .status(MessageStatus::Pending)
                .uses_native_scheduling_ai(false)
                .optimization_period(OptimizationPeriod::Hours24),
            path,
            json!({
                "type": "Email", "contactId": "cnt1", "message": "Hello", "html": "<p>Hello</p>", "subject": "Hello",
                "attachments": ["https://example.com/a.pdf"], "emailFrom": "desk@example.com",
                "emailTo": "jane@example.com", "emailCc": ["cc@example.com"], "emailBcc": ["bcc@example.com"],
                "emailReplyMode": "reply_all", "replyMessageId": "msg2", "threadId": "msg3", "templateId": "tem1",
                "appointmentId": "eve1", "fromNumber": "+12025550100", "toNumber": "+12025550123",
                "scheduledTimestamp": 1_767_355_200, "conversationProviderId": "pro1", "customSubtypeId": "sub1",
                "forward": {
                    "isForwarded": true, "forwardWholeThread": false, "messageId": "msg0", "emailMessageId": "ema0",
                    "sourceContactId": "cnt0", "sourceConversationId": "con0", "toEmail": "office@example.com",
                    "recipientContactId": "cnt2", "recipientConversationId": "con2"
                },
                "status": "pending", "usesNativeSchedulingAi": false, "optimizationPeriod": "24h"
            }),
            &sent,
        )
        .await;
}

async fn report(cases: &mut Cases) {
    let location = cases.location();
    let messages = location.messages();
    let added = json!({
        "success": true, "conversationId": "con1", "messageId": "msg1", "message": "Message added successfully",
        "contactId": "cnt1", "dateAdded": "2026-01-02T12:00:00.000Z", "emailMessageId": "ema1"
    });
    let at: jiff::Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
    let call = CallDetails::new("+12025550123", "+12025550100", CallStatus::NoAnswer);
    let call_json = json!({"from": "+12025550123", "to": "+12025550100", "status": "no-answer"});
    cases
        .required(
            messages.inbound(MessageChannel::Sms, "con1", "cnt1", "pro1"),
            "POST /conversations/messages/inbound",
            json!({"type": "SMS", "conversationId": "con1", "contactId": "cnt1", "conversationProviderId": "pro1"}),
            &added,
        )
        .await;
    cases
        .full(
            messages
                .inbound(MessageChannel::Email, "con1", "cnt1", "pro1")
                .message("Hello")
                .html("<p>Hello</p>")
                .subject("Hello")
                .attachments(vec!["https://example.com/a.pdf".to_owned()])
                .email_from("jane@example.com")
                .email_to("desk@example.com")
                .email_cc(vec!["cc@example.com".to_owned()])
                .email_bcc(vec!["bcc@example.com".to_owned()])
                .email_message_id("ema0")
                .alt_id("alt1")
                .direction(MessageDirection::Outbound)
                .date(at)
                .call(call.clone()),
            "POST /conversations/messages/inbound",
            json!({
                "type": "Email", "conversationId": "con1", "contactId": "cnt1", "conversationProviderId": "pro1",
                "message": "Hello", "html": "<p>Hello</p>", "subject": "Hello",
                "attachments": ["https://example.com/a.pdf"], "emailFrom": "jane@example.com",
                "emailTo": "desk@example.com", "emailCc": ["cc@example.com"], "emailBcc": ["bcc@example.com"],
                "emailMessageId": "ema0", "altId": "alt1", "direction": "outbound",
                "date": "2026-01-02T12:00:00Z", "call": call_json
            }),
            &added,
        )
        .await;
    cases
        .required(
            messages.outbound("con1", "pro1"),
            "POST /conversations/messages/outbound",
            json!({"type": "Call", "conversationId": "con1", "conversationProviderId": "pro1"}),
            &added,
        )
        .await;
    cases
        .full(
            messages
                .outbound("con1", "pro1")
                .attachments(vec!["https://example.com/a.wav".to_owned()])
                .alt_id("alt1")
                .date(at)
                .call(call),
            "POST /conversations/messages/outbound",
            json!({
                "type": "Call", "conversationId": "con1", "conversationProviderId": "pro1",
                "attachments": ["https://example.com/a.wav"], "altId": "alt1", "date": "2026-01-02T12:00:00Z",
                "call": call_json
            }),
            &added,
        )
        .await;
}
