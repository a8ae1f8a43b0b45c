//! Files for the user: what the page hands to the browser to keep.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlAnchorElement, Url};

/// Offers `text` as a file of this name. False when the browser will not have it.
pub fn save(name: &str, text: &str) -> bool {
    let parts = js_sys::Array::of1(&JsValue::from(text));
    let Ok(blob) = Blob::new_with_str_sequence(&parts) else { return false };
    let Ok(address) = Url::create_object_url_with_blob(&blob) else { return false };
    let document = web_sys::window().and_then(|window| window.document());
    let link = document.and_then(|document| document.create_element("a").ok());
    let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) else { return false };
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&address).is_ok()
}
