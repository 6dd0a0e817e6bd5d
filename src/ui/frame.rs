//! The frame around a page's content.

use leptos::html::H1;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use leptos::web_sys::HtmlElement;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::text;
use crate::error::AppError;
use crate::form::Notices;
use crate::visit::Visit;

/// Renders the logo: three uprights, two bars, pointed feet.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
            <path
                fill="currentColor"
                d="M3.75 2h2.5v16L5 22l-1.25-4zM10.75 2h2.5v16L12 22l-1.25-4zM17.75 2h2.5v16L19 22l-1.25-4zM2 5.5h20v2H2zM2 12h20v2H2z"
            />
        </svg>
    }
}

/// Renders the link that skips to the content, which must have the id `content`.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! { <a class="skip" href="#content" rel="external">{text::SKIP}</a> }
}

/// Renders one narrow column under the site's name: for visitors' pages and error pages.
#[component]
pub fn Frame(#[prop(into)] site_name: String, children: Children) -> impl IntoView {
    view! {
        <SkipLink/>
        <header class="masthead">
            <a class="brand" href="/" rel="external">
                <Logo/>
                <span>{site_name}</span>
            </a>
        </header>
        <main class="narrow" id="content" tabindex="-1">
            {children()}
        </main>
    }
}

/// Renders a page of one card: its heading, the notice and the content.
#[component]
pub fn CardPage(title: &'static str, children: Children) -> impl IntoView {
    let site_name = expect_context::<Visit>().with(|it| it.site_name.clone());
    view! {
        <Frame site_name=site_name>
            <section class="card">
                <PageTitle text=title/>
                <NoticeBar/>
                {children()}
            </section>
        </Frame>
    }
}

/// Renders a page's one heading and its title. The heading takes the focus after navigation.
#[component]
pub fn PageTitle(#[prop(into)] text: String) -> impl IntoView {
    let visit = expect_context::<Visit>();
    let title = visit.with(|it| match it.site_name.as_str() {
        name if name == text => text.clone(),
        name => format!("{text} · {name}"),
    });
    let node = NodeRef::<H1>::new();
    if visit.hydrated.get_untracked() {
        Effect::new(move |_| {
            if let Some(heading) = node.get() {
                // Wait until it is in the document.
                let _ = request_animation_frame(move || {
                    let _ = heading.focus();
                });
            }
        });
    }
    view! {
        <Title text=title/>
        <h1 tabindex="-1" node_ref=node>{text}</h1>
    }
}

/// Focuses the page's heading once the page is in the document.
pub fn focus_heading() {
    let _ = request_animation_frame(|| {
        if let Ok(Some(heading)) = document().query_selector("h1")
            && let Some(heading) = heading.dyn_ref::<HtmlElement>()
        {
            let _ = heading.focus();
        }
    });
}

/// Focuses the heading if the focused element was removed from the document.
pub fn rescue_focus() {
    // Its replacement is rendered by the next frame.
    let _ = request_animation_frame(|| {
        if document().active_element().is_none_or(|it| it.tag_name() == "BODY") {
            focus_heading();
        }
    });
}

/// Shows what was just done or has failed, if no form of the page shows it.
#[component]
pub fn NoticeBar() -> impl IntoView {
    let notices = expect_context::<Notices>();
    let path = use_location().pathname;
    view! {
        <div class="notices" role="status">
            {move || {
                let notice = path.with(|path| notices.at(path))?.ok()?;
                Some(view! { <p class="notice">{notice.to_string()}</p> })
            }}
        </div>
        {move || {
            let error = path.with(|path| notices.at(path))?.err()?;
            let text = error.to_string();
            Some(view! { <p class="alert" role="alert" tabindex="-1" autofocus=true>{text}</p> })
        }}
    }
}

/// Shows the id to quote when asking for help.
#[component]
pub fn RequestId(id: String) -> impl IntoView {
    view! { <p class="hint">{text::REQUEST_ID} " " <code>{id}</code></p> }
}

/// Where an error page links to, as a URL.
#[derive(Debug)]
pub enum ErrorLink {
    Start(String),
    /// The form that could not be processed just now.
    Form(String),
}

/// An error as a page of its own.
#[derive(Debug)]
pub struct ErrorCard;

impl ErrorCard {
    /// Renders the card; needs no router and no app around it.
    pub fn view(
        error: AppError,
        request_id: String,
        error_link: ErrorLink,
    ) -> impl IntoView + use<> {
        let has_id = !request_id.is_empty();
        let (label, href) = match error_link {
            ErrorLink::Start(address) => (text::GO_TO_START, address),
            ErrorLink::Form(address) => (text::GO_BACK, address),
        };
        view! {
            <section class="card error-card">
                <p class="status">{error.status()}</p>
                <h1 tabindex="-1">{error.title()}</h1>
                <p>{error.to_string()}</p>
                <p><a class="button" href=href rel="external">{label}</a></p>
                {has_id.then(|| view! { <RequestId id=request_id/> })}
            </section>
        }
    }
}
