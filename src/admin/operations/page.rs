//! The pages `/admin/mail`, `/admin/providers` and `/admin/limits`.

use leptos::prelude::*;

use super::{
    LiftLimit, LimitRow, LimitRows, MailRow, MailRows, ProviderRow, list_limits, list_mails,
    list_providers,
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
        <PageTitle text="Mail"/>
        <p class="lead">"What was written to people, the newest first. What it says is sealed."</p>
        <Loaded data=list view=mails/>
    }
}

fn mails(it: MailRows) -> impl IntoView {
    let now = it.now;
    if it.mails.is_empty() {
        return view! { <EmptyState title="No mail" text="What is written to people stands here for a while."/> }
            .into_any();
    }
    let row = move |it: MailRow| {
        view! {
            <tr>
                <td><Moment at=it.written_at now=now/></td>
                <th scope="row">{it.name}</th>
                <td class="address">{it.recipient}</td>
                <td>
                    {it.state}
                    {(!it.problem.is_empty()).then(|| view! { <span class="hint">{it.problem}</span> })}
                </td>
            </tr>
        }
    };
    let heads = view! { <ColumnHeaders labels=["Written", "Mail", "To", "State"]/> };
    view! {
        <Table label="Mails" heads=heads.into_any()>
            {it.mails.into_iter().map(row).collect_view()}
        </Table>
        <Pagination
            label="Pages of the outbox"
            first=it.first.map(|it| (it, "Newest"))
            next=it.next.map(|it| (it, "Older"))
        />
    }
    .into_any()
}

/// Renders `/admin/providers`.
pub fn providers_page() -> impl IntoView {
    let list = Resource::new(|| (), |()| list_providers());
    view! {
        <PageTitle text="Providers"/>
        <p class="lead">"Where people can sign in. They are set up in the settings."</p>
        <Loaded data=list view=providers/>
    }
}

fn providers(all: Vec<ProviderRow>) -> impl IntoView {
    if all.is_empty() {
        return view! {
            <EmptyState title="No provider" text="Add one to the settings: docs/providers.md describes how."/>
        }
        .into_any();
    }
    let row = |it: ProviderRow| {
        let state = if it.is_down { "Does not answer; the log says why" } else { "Ready" };
        view! {
            <tr>
                <th scope="row">{it.label} <span class="hint">{it.protocol}</span></th>
                <td class="address">{it.issuer}</td>
                <td class="address">{it.callback}</td>
                <td class="number">{it.linked}</td>
                <td>{state}</td>
            </tr>
        }
    };
    let heads = view! { <ColumnHeaders labels=["Provider", "Issuer", "Redirect address", "Linked", "State"]/> };
    view! {
        <Table label="Providers" heads=heads.into_any()>
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
        <PageTitle text="Limits"/>
        <p class="lead">"What keeps somebody from something at this moment. Who knows a user lifts theirs on the user's page."</p>
        <Loaded data=list view=limits/>
    }
}

fn limits(it: LimitRows) -> impl IntoView {
    let now = it.now;
    if it.limits.is_empty() {
        return view! { <EmptyState title="Nobody is kept waiting" text="Limits that are reached stand here."/> }
            .into_any();
    }
    let heads = view! { <ColumnHeaders labels=["Limit", "For", "Until"] has_actions=true/> };
    view! {
        <Table label="Limits in force" heads=heads.into_any()>
            {it.limits.into_iter().map(|it| limit(&it, now)).collect_view()}
        </Table>
    }
    .into_any()
}

fn limit(it: &LimitRow, now: i64) -> impl IntoView + use<> {
    let part = format!("{} {}", it.name, it.subject);
    let submission = submission_named::<LiftLimit>(part.clone());
    let target = match (it.subject.as_str(), it.subject.len()) {
        ("", _) => "everybody together".to_owned(),
        // A digest has 43 characters, of which the first tell accounts apart.
        (digest, 43) => format!("account {}…", &digest[..8]),
        (place, _) => place.to_owned(),
    };
    let until = match it.until {
        Some(at) if at > now => utc(at),
        Some(_) => "now".to_owned(),
        None => "a new password is chosen".to_owned(),
    };
    view! {
        <tr>
            <th scope="row" class="address">{it.name.clone()}</th>
            <td class="address">{target}</td>
            <td>{until}</td>
            <td>
                <Confirm summary="Lift" explanation="It begins anew, as if nothing had been tried." open=submission.flashed>
                    <Form submission=submission>
                        <input type="hidden" name="part" value=part/>
                        <Submit submission=submission label="Lift limit" busy="Lifting…" class="button danger"/>
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
}
