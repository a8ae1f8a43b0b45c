//! The groups of a scene as elements of an SVG, each rewritten only when it changed.

use crate::scene::{Group, Scene, Target, number};
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, SvgElement};

const SVG: &str = "http://www.w3.org/2000/svg";

/// A group that is on the screen.
struct Painted {
    key: String,
    element: Element,
    markup: String,
    label: String,
    target: Option<Target>,
    changed: bool,
    tabbable: bool,
    silent: bool,
}

/// The SVG's side of a stage.
pub struct Board {
    svg: SvgElement,
    painted: Vec<Painted>,
    view_box: String,
    label: String,
    /// The one group that Tab reaches; arrow keys go on from there.
    current: Option<String>,
}

impl Board {
    /// A board on an empty SVG.
    pub fn new(svg: SvgElement) -> Board {
        let _ = svg.class_list().add_1("stage-svg");
        let _ = svg.set_attribute("role", "group");
        Board { svg, painted: Vec::new(), view_box: String::new(), label: String::new(), current: None }
    }

    /// The element.
    pub fn svg(&self) -> &SvgElement {
        &self.svg
    }

    /// Shows a scene; with `outline`, what changed gets a frame instead of a motion.
    pub fn show(&mut self, scene: &Scene, outline: bool) {
        let Some(document) = self.svg.owner_document() else { return };
        let view_box = format!("0 0 {} {}", number(scene.width), number(scene.height));
        if view_box != self.view_box {
            let _ = self.svg.set_attribute("viewBox", &view_box);
            self.view_box = view_box;
        }
        if scene.label != self.label {
            let _ = self.svg.set_attribute("aria-label", &scene.label);
            self.label = scene.label.clone();
        }
        let present = |key: &String| scene.groups.iter().any(|group| group.key == *key && group.target.is_some());
        if !self.current.as_ref().is_some_and(present) {
            self.current = scene.groups.iter().find(|group| group.target.is_some()).map(|group| group.key.clone());
        }

        let same_order = self.painted.len() == scene.groups.len()
            && self.painted.iter().zip(&scene.groups).all(|(painted, group)| painted.key == group.key);
        let mut old: BTreeMap<String, Painted> =
            std::mem::take(&mut self.painted).into_iter().map(|painted| (painted.key.clone(), painted)).collect();
        let mut changed = Vec::with_capacity(scene.groups.len());
        for group in &scene.groups {
            let painted = old.remove(&group.key).or_else(|| create(&document, &group.key));
            let Some(mut painted) = painted else { continue };
            changed.push(painted.update(group, self.current.as_deref() == Some(group.key.as_str())));
            self.painted.push(painted);
        }
        // A leap changes nearly everything: a frame round each thing would say nothing.
        let targets = scene.groups.iter().filter(|group| group.target.is_some()).count();
        let outline = outline && changed.iter().filter(|changed| **changed).count() * 2 <= targets;
        for (painted, changed) in self.painted.iter_mut().zip(changed) {
            painted.outline(outline && changed);
        }
        for gone in old.into_values() {
            gone.element.remove();
        }
        if !same_order {
            self.reorder(&document);
        }
    }

    /// Puts the elements into the order of the scene; moving an element would take its focus away.
    fn reorder(&self, document: &Document) {
        let focused = document.active_element();
        for painted in &self.painted {
            let _ = self.svg.append_child(&painted.element);
        }
        let held = focused.and_then(|element| self.painted.iter().find(|painted| painted.element == element));
        if let Some(painted) = held {
            focus(&painted.element);
        }
    }

    /// The group that has the focus.
    pub fn focused(&self) -> Option<&str> {
        let active = self.svg.owner_document()?.active_element()?;
        self.painted.iter().find(|painted| painted.element == active).map(|painted| painted.key.as_str())
    }

    /// The group Tab reaches.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Makes a group the one Tab reaches, and focuses it if asked.
    pub fn set_current(&mut self, key: &str, focused: bool) {
        for painted in &mut self.painted {
            let is = painted.key == key;
            painted.set_tabbable(is);
            if is && focused {
                focus(&painted.element);
            }
        }
        self.current = Some(key.to_owned());
    }
}

fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<SvgElement>() {
        let _ = element.focus();
    }
}

fn create(document: &Document, key: &str) -> Option<Painted> {
    let element = document.create_element_ns(Some(SVG), "g").ok()?;
    Some(Painted {
        key: key.to_owned(),
        element,
        markup: String::new(),
        label: String::new(),
        target: None,
        changed: false,
        tabbable: false,
        silent: false,
    })
}

impl Painted {
    /// Shows a group; whether it is something known that looks different now.
    fn update(&mut self, group: &Group, tabbable: bool) -> bool {
        let markup = group.markup();
        let changed = group.target.is_some() && !self.markup.is_empty() && markup != self.markup;
        if markup != self.markup {
            self.element.set_inner_html(&markup);
            self.markup = markup;
        }
        if group.target != self.target {
            match group.target {
                Some(target) => {
                    let _ = self.element.set_attribute("role", "button");
                    let _ = self.element.set_attribute("data-target", &target.format());
                    let _ = self.element.set_attribute("tabindex", "-1");
                }
                None => {
                    for name in ["role", "data-target", "tabindex"] {
                        let _ = self.element.remove_attribute(name);
                    }
                }
            }
            self.target = group.target;
            self.tabbable = false;
        }
        // Decoration is not read aloud.
        let silent = group.target.is_none() && group.label.is_empty();
        if silent != self.silent {
            let _ = match silent {
                true => self.element.set_attribute("aria-hidden", "true"),
                false => self.element.remove_attribute("aria-hidden"),
            };
            self.silent = silent;
        }
        if group.label != self.label {
            let _ = self.element.set_attribute("aria-label", &group.label);
            self.label = group.label.clone();
        }
        if group.target.is_some() {
            self.set_tabbable(tabbable);
        }
        changed
    }

    fn outline(&mut self, changed: bool) {
        if changed != self.changed {
            let _ = self.element.class_list().toggle_with_force("changed", changed);
            self.changed = changed;
        }
    }

    fn set_tabbable(&mut self, tabbable: bool) {
        if tabbable != self.tabbable && self.target.is_some() {
            let _ = self.element.set_attribute("tabindex", if tabbable { "0" } else { "-1" });
            self.tabbable = tabbable;
        }
    }
}
