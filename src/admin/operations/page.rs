//! The pages `/admin/mail`, `/admin/providers` and `/admin/limits`.

use leptos::prelude::*;

use super::{
    LiftLimit, LimitRow, LimitRows, MailRow, MailRows, MailState, ProviderRow, list_limits,
    list_mails, list_providers, text,
};
use crate::form::{RowId, provide_submissions, submission_named};
use crate::paths::use_query;
use crate::text::utc;
use crate::ui::{
    ColumnHeaders, Confirm, EmptyState, Form, Loaded, Moment, PageTitle, Pagination, Submit, Table,
};

/// Renders `/admin/mail`.
pub fn mail_page() -> impl IntoView {
    let query = use_query();
    let before = Memo::new(move |_| query.get("before"));
    let list = Resource::new(move || before.get(), |before| list_mails(RowId::from(before)));
    view! {
        <PageTitle text=text::MAIL/>
        <p class="lead">{text::MAIL_LEAD}</p>
        <Loaded data=list view=mails/>
    }
}

fn mails(it: MailRows) -> impl IntoView {
    let now = it.now;
    if it.mails.is_empty() {
        return view! { <EmptyState title=text::NO_MAILS text=text::NO_MAILS_LEAD/> }.into_any();
    }
    let row = move |it: MailRow| {
        view! {
            <tr>
                <td><Moment at=it.created_at now=now/></td>
                <th scope="row">{it.name}</th>
                <td class="address">{it.recipient}</td>
                <td>
                    {mail_state(it.state)}
                    {(!it.problem.is_empty()).then(|| view! { <span class="hint">{it.problem}</span> })}
                </td>
            </tr>
        }
    };
    let heads = view! { <ColumnHeaders labels=text::MAIL_COLUMNS/> };
    view! {
        <Table label=text::MAILS heads=heads.into_any()>
            {it.mails.into_iter().map(row).collect_view()}
        </Table>
        <Pagination
            label=text::MAIL_PAGES
            first=it.first.map(|it| (it, text::NEWEST))
            next=it.next.map(|it| (it, text::OLDER))
        />
    }
    .into_any()
}

fn mail_state(it: MailState) -> String {
    match it {
        MailState::Queued => text::QUEUED.to_owned(),
        MailState::Retrying { tries, next_at } => text::retrying(tries, &utc(next_at)),
        MailState::Sent { at } => text::sent(&utc(at)),
        MailState::GivenUp { at } => text::given_up(&utc(at)),
    }
}

/// Renders `/admin/providers`.
pub fn providers_page() -> impl IntoView {
    let list = Resource::new(|| (), |()| list_providers());
    view! {
        <PageTitle text=text::PROVIDERS/>
        <p class="lead">{text::PROVIDERS_LEAD}</p>
        <Loaded data=list view=providers/>
    }
}

fn providers(all: Vec<ProviderRow>) -> impl IntoView {
    if all.is_empty() {
        return view! { <EmptyState title=text::NO_PROVIDERS text=text::NO_PROVIDERS_LEAD/> }
            .into_any();
    }
    let row = |it: ProviderRow| {
        let state = if it.is_down { text::UNAVAILABLE } else { text::AVAILABLE };
        view! {
            <tr>
                <th scope="row">{it.label} <span class="hint">{it.protocol}</span></th>
                <td class="address">{it.issuer} <span class="hint">{it.callback}</span></td>
                <td class="number">{it.linked}</td>
                <td>{state}</td>
            </tr>
        }
    };
    let heads = view! { <ColumnHeaders labels=text::PROVIDER_COLUMNS/> };
    view! {
        <Table label=text::PROVIDERS heads=heads.into_any()>
            {all.into_iter().map(row).collect_view()}
        </Table>
    }
    .into_any()
}

/// Renders `/admin/limits`.
pub fn limits_page() -> impl IntoView {
    let done = provide_submissions::<LiftLimit>("part").done;
    let list = Resource::new(move || done.get(), |_| list_limits());
    view! {
        <PageTitle text=text::LIMITS/>
        <p class="lead">{text::LIMITS_LEAD}</p>
        <Loaded data=list view=limits/>
    }
}

fn limits(it: LimitRows) -> impl IntoView {
    let now = it.now;
    if it.limits.is_empty() {
        return view! { <EmptyState title=text::NO_LIMITS text=text::NO_LIMITS_LEAD/> }.into_any();
    }
    let heads = view! { <ColumnHeaders labels=text::LIMIT_COLUMNS has_actions=true/> };
    view! {
        <Table label=text::ACTIVE_LIMITS heads=heads.into_any()>
            {it.limits.into_iter().map(|it| limit(&it, now)).collect_view()}
        </Table>
    }
    .into_any()
}

fn limit(it: &LimitRow, now: i64) -> impl IntoView + use<> {
    let part = format!("{} {}", it.name, it.subject);
    let submission = submission_named::<LiftLimit>(part.clone());
    let target = match (it.subject.as_str(), it.subject.len()) {
        ("", _) => text::ALL_CLIENTS.to_owned(),
        // A digest has 43 characters, of which the first tell accounts apart.
        (digest, 43) => text::account(&digest[..8]),
        (place, _) => place.to_owned(),
    };
    let until = match it.until {
        Some(at) if at > now => utc(at),
        Some(_) => text::NOW.to_owned(),
        None => text::PASSWORD_RESET.to_owned(),
    };
    view! {
        <tr>
            <th scope="row" class="address">{it.name.clone()}</th>
            <td class="address">{target}</td>
            <td>{until}</td>
            <td>
                <Confirm
                    summary=text::LIFT_SUMMARY
                    explanation=text::LIFT_CONFIRMATION
                    open=submission.flashed
                >
                    <Form submission=submission>
                        <input type="hidden" name="part" value=part/>
                        <Submit
                            submission=submission
                            label=text::LIFT
                            busy=text::LIFTING
                            class="button danger"
                        />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
}
