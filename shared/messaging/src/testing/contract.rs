//! The contract of the ports: one set of cases for the adapters against DynamoDB and for the ports in memory, so that
//! a result of the simulator holds for the shipped adapters.
//!
//! Each case gets an empty table. [`for_each_case`](crate::for_each_case) makes each case a test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests, called by tests only")]

mod bookings;
mod codes;
mod consent;
mod erasure;
mod fixtures;
mod inbox;
mod receipts;
mod sending;
mod steps;

pub use bookings::*;
pub use codes::*;
pub use consent::*;
pub use erasure::*;
pub use inbox::*;
pub use receipts::*;
pub use sending::*;
pub use steps::*;

use crate::ports::{
    Budgets, Codes, Consents, Conversations, Erasure, Inbox, Quarantine, RateLimiters, Receipts,
};

/// All ports of the table together.
pub trait Table:
    Codes + Consents + Conversations + Erasure + Inbox + Budgets + Quarantine + Receipts + RateLimiters
{
}

impl<T: Codes + Consents + Conversations + Erasure + Inbox + Budgets + Quarantine + Receipts + RateLimiters>
    Table for T
{
}

/// Calls a macro with the names of all cases.
#[macro_export]
macro_rules! for_each_case {
    ($macro:ident) => {
        $macro! {
            load_returns_exactly_what_accept_stored
            accept_keeps_the_first_content_of_an_event
            an_expired_conversation_is_absent
            mark_started_keeps_the_first_time_and_creates_no_item
            cancel_keeps_the_first_time_and_creates_no_item
            a_step_is_claimed_by_one_invocation
            a_claim_is_rejected_after_an_end_a_reply_or_an_opt_out
            a_reply_rejects_claims_of_unless_replied_steps_only
            a_claim_is_rejected_when_the_step_has_changed
            shadowed_is_stored_by_a_claim
            advance_stores_every_progress_and_is_idempotent
            a_late_response_is_stored_only_for_its_own_claim
            a_provider_report_is_stored_atomically_with_the_step
            cancelling_an_unknown_booking_stores_a_tombstone
            accepting_a_booking_supersedes_the_previous_one
            the_second_report_of_an_end_is_a_repeat
            a_tombstone_is_filled_once
            open_conversations_are_those_of_the_phone_before_their_deadline
            an_inbound_message_is_stored_once
            an_opt_out_confirmation_is_taken_by_one_invocation
            a_concurrent_opt_out_overtakes_an_inbound_message
            a_reply_is_stored_in_the_named_conversations_only
            quarantining_an_event_again_succeeds
            an_erased_conversation_keeps_ids_times_and_verdicts
            an_erased_conversation_is_neither_claimed_nor_accepted_again
            an_opt_out_outlives_erasure_until_the_customer_opts_in
            a_concurrent_opt_out_overtakes_the_erasure_of_a_contact
            an_erased_quarantined_event_stays_erased
            erasing_a_contact_deletes_its_one_time_codes
            advertising_is_claimed_only_with_consent
            a_withdrawal_rejects_claims_of_its_program
            consent_history_keeps_every_change_with_its_source
            budget_admits_exactly_its_limit_under_1000_concurrent_reservations
            returned_money_can_be_reserved_again
            adjust_replaces_the_expected_price
            each_country_has_its_own_limits
            prices_are_stored_only_while_the_step_is_unchanged
            a_reported_price_is_settled_once
            each_rate_limit_slot_is_acquired_once
            each_slot_of_the_current_second_is_acquired_once
            a_delivery_status_never_regresses
            a_provider_message_id_leads_to_its_attempt
            a_concurrently_settled_verdict_is_kept
            a_rerun_is_claimed_only_by_an_invocation_that_has_read_it
            the_last_whatsapp_message_of_a_contact_is_stored
            a_new_code_is_issued_only_after_the_resend_pause
            a_withdrawn_code_does_not_delay_the_next_one
            attempts_are_limited_while_the_code_is_valid
            a_code_is_used_once
            codes_are_counted_up_to_the_limit
            a_provider_opt_out_is_stored_once
        }
    };
}
