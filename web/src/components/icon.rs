//! The few pictures on controls. Each stands beside a word or has one for a label.

use leptos::prelude::*;

/// A picture of 16 by 16.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Icon {
    /// To the start.
    Start,
    /// A beat back.
    BeatBack,
    /// An event back.
    Back,
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// An event forward.
    Forward,
    /// A beat forward.
    BeatForward,
    /// To the end.
    End,
    /// Half light, half dark.
    Theme,
    /// Four corners.
    Present,
    /// A question.
    Help,
    /// A panel at the side.
    Panel,
    /// Nearer.
    Plus,
    /// Farther.
    Minus,
    /// Everything.
    Fit,
    /// A cross.
    Close,
    /// Open a file.
    Open,
    /// Two links of a chain.
    Link,
    /// Three dots.
    More,
}

impl Icon {
    fn markup(self) -> &'static str {
        match self {
            Icon::Start => r#"<path d="M4 3v10M13 3L7 8l6 5z"/>"#,
            Icon::BeatBack => r#"<path d="M9 3L4 8l5 5M14 3L9 8l5 5"/>"#,
            Icon::Back => r#"<path d="M10 3L5 8l5 5"/>"#,
            Icon::Play => r#"<path class="solid" d="M5 2.5v11l9-5.5z"/>"#,
            Icon::Pause => r#"<path d="M5.5 3v10M10.5 3v10"/>"#,
            Icon::Forward => r#"<path d="M6 3l5 5l-5 5"/>"#,
            Icon::BeatForward => r#"<path d="M7 3l5 5l-5 5M2 3l5 5l-5 5"/>"#,
            Icon::End => r#"<path d="M12 3v10M3 3l6 5l-6 5z"/>"#,
            Icon::Theme => r#"<circle cx="8" cy="8" r="5.5"/><path class="solid" d="M8 2.5a5.5 5.5 0 0 1 0 11z"/>"#,
            Icon::Present => r#"<path d="M2 6V2.5h4M10 2.5h4V6M14 10v3.5h-4M6 13.5H2V10"/>"#,
            Icon::Help => {
                r#"<circle cx="8" cy="8" r="6"/><path d="M6.2 6.3a1.8 1.8 0 1 1 2.6 1.6q-.8.4-.8 1.3M8 11.3v.1"/>"#
            }
            Icon::Panel => r#"<path d="M2 3h12v10H2zM10 3v10"/>"#,
            Icon::Plus => r#"<path d="M8 3v10M3 8h10"/>"#,
            Icon::Minus => r#"<path d="M3 8h10"/>"#,
            Icon::Fit => r#"<path d="M2.5 3h11v10h-11zM5.5 6h5v4h-5z"/>"#,
            Icon::Close => r#"<path d="M3.5 3.5l9 9M12.5 3.5l-9 9"/>"#,
            Icon::Link => {
                r#"<path d="M6.5 9.5l3-3M5.5 7L3.6 8.9a2.5 2.5 0 0 0 3.5 3.5L9 10.5M10.5 9l1.9-1.9a2.5 2.5 0 0 0-3.5-3.5L7 5.5"/>"#
            }
            Icon::More => {
                r#"<circle class="solid" cx="3" cy="8" r="1.5"/><circle class="solid" cx="8" cy="8" r="1.5"/><circle class="solid" cx="13" cy="8" r="1.5"/>"#
            }
            Icon::Open => r#"<path d="M2 13V3h4l1.5 2H13v2M2 13l2-6h10.5L12.5 13z"/>"#,
        }
    }
}

/// The picture.
pub fn icon(icon: Icon) -> impl IntoView {
    view! { <svg class="ico" viewBox="0 0 16 16" aria-hidden="true" inner_html=icon.markup()></svg> }
}

/// The name's own picture: a log with its high watermark.
pub fn mark() -> impl IntoView {
    let markup = r#"<rect class="cell leader done" x="0" y="4" width="6" height="12"/><rect class="cell leader done" x="8" y="4" width="6" height="12"/><path class="hw" d="M16.5 0V16"/><rect class="cell leader open" x="19.75" y="4.75" width="4.5" height="10.5"/>"#;
    view! { <svg class="mark" width="28" height="16" viewBox="0 0 28 16" aria-hidden="true" inner_html=markup></svg> }
}
