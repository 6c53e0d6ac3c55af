use ghl_client::SortOrder;
use ghl_client::conversations::{ConversationSort, ConversationStatus, MessageAction};
use ghl_client::messages::{MessageDirection, MessageType};
use serde_json::json;

use super::NONE;
use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    let location = cases.location();
    let conversations = location.conversations();
    let one = json!({
        "id": "con1", "contactId": "cnt1", "locationId": "loc1", "deleted": false, "inbox": true, "type": 1,
        "unreadCount": 2, "assignedTo": "use1", "starred": true
    });
    cases
        .only(
            conversations.get("con1"),
            "GET /conversations/con1",
            NONE,
            &one,
        )
        .await;

    let created = json!({"success": true, "conversation": {
        "id": "con1", "dateUpdated": "2026-01-02T12:00:00Z", "dateAdded": "2026-01-02T12:00:00Z", "deleted": false,
        "contactId": "cnt1", "locationId": "loc1", "lastMessageDate": "2026-01-02T12:00:00Z", "assignedTo": "use1"
    }});
    cases
        .only(
            conversations.create("cnt1"),
            "POST /conversations/",
            json!({"locationId": "loc1", "contactId": "cnt1"}),
            &created,
        )
        .await;

    let found = json!({"total": 1, "conversations": [{
        "id": "con1", "contactId": "cnt1", "locationId": "loc1", "lastMessageBody": "Hello",
        "lastMessageType": "TYPE_SMS", "lastMessageDirection": "inbound", "lastMessageDate": 1_767_355_200_000_i64,
        "lastManualMessageDate": 1_767_355_200_000_i64, "type": "TYPE_PHONE", "unreadCount": 1,
        "fullName": "Jane Sample", "contactName": "Jane Sample", "email": "jane@example.com",
        "phone": "+12025550123", "followers": ["use1"], "sort": [1_767_355_200_000_i64],
        "dateAdded": 1_767_355_200_000_i64, "dateUpdated": 1_767_355_200_000_i64
    }]});
    cases
        .required(
            conversations.search(),
            "GET /conversations/search?locationId=loc1",
            NONE,
            &found,
        )
        .await;
    let day = "2026-01-02T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
    cases
        .full(
            conversations
                .search()
                .contact_id("cnt1")
                .assigned_to(["use1", "unassigned"])
                .followers(["use2"])
                .mentions(["use3"])
                .query("hello & bye")
                .id("con1")
                .status(ConversationStatus::Unread)
                .last_message_type(MessageType::Sms)
                .last_message_action(MessageAction::Manual)
                .last_message_direction(MessageDirection::Inbound)
                .score_profile("sco1")
                .score_profile_min(0.5)
                .score_profile_max(9.0)
                .start_date(day)
                .end_date(day)
                .sort(SortOrder::Ascending)
                .sort_by(ConversationSort::LastMessageDate)
                .sort_score_profile("sco2")
                .start_after_date("1767355200000")
                .limit(50_u32),
            "GET /conversations/search?locationId=loc1&contactId=cnt1&assignedTo=use1%2Cunassigned&followers=use2\
             &mentions=use3&query=hello+%26+bye&id=con1&status=unread&lastMessageType=TYPE_SMS\
             &lastMessageAction=manual&lastMessageDirection=inbound&scoreProfile=sco1&scoreProfileMin=0.5\
             &scoreProfileMax=9&startDate=1767355200000&endDate=1767355200000&sort=asc&sortBy=last_message_date\
             &sortScoreProfile=sco2&startAfterDate=1767355200000&limit=50",
            NONE,
            &found,
        )
        .await;
}
