"""The few pages that a person sees after following an unsubscribe link."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words. `question` and `done` have {brand}."""

    title: str
    question: str
    button: str
    done: str
    invalid: str
    later: str


WORDS = {
    "en": Words(
        "Unsubscribe",
        "Do you no longer want to receive offers and news from {brand}?",
        "Unsubscribe",
        "You are unsubscribed. {brand} will send you no more offers and news here.",
        "This link is not valid. Please use the link in your latest message.",
        "This does not work just now. Please try again in a few minutes.",
    ),
    "de": Words(
        "Abmelden",
        "Möchten Sie keine Angebote und Neuigkeiten von {brand} mehr erhalten?",
        "Abmelden",
        "Sie sind abgemeldet. {brand} schickt Ihnen hier keine Angebote und Neuigkeiten mehr.",
        "Dieser Link ist nicht gültig. Bitte verwenden Sie den Link in Ihrer letzten Nachricht.",
        "Das geht gerade nicht. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    ),
    "fr": Words(
        "Se désabonner",
        "Ne souhaitez-vous plus recevoir les offres et les nouvelles de {brand} ?",
        "Me désabonner",
        "Votre désabonnement est enregistré. {brand} ne vous enverra plus d'offres ni de nouvelles ici.",
        "Ce lien n'est pas valable. Veuillez utiliser celui de votre dernier message.",
        "Le service est momentanément indisponible. Veuillez réessayer dans quelques minutes.",
    ),
    "nl": Words(
        "Afmelden",
        "Wilt u geen aanbiedingen en nieuws van {brand} meer ontvangen?",
        "Afmelden",
        "U bent afgemeld. {brand} stuurt u hier geen aanbiedingen en nieuws meer.",
        "Deze link is niet geldig. Gebruik de link in uw laatste bericht.",
        "Dit lukt nu even niet. Probeer het over een paar minuten opnieuw.",
    ),
}
STYLE = (
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f6f5f1;color:#23302b;display:grid;"
    "min-height:100vh;place-items:center}main{max-width:26rem;margin:1rem;padding:2rem;background:#fff;"
    "border-radius:12px;box-shadow:0 1px 4px #0002}h1{font-size:1.25rem;margin:0 0 .75rem}p{margin:0 0 1.25rem}"
    "p:last-child{margin:0}button{font:inherit;font-weight:600;color:#fff;background:#2f5d50;border:0;"
    "border-radius:8px;padding:.7rem 1.4rem;cursor:pointer}button:focus-visible{outline:3px solid #8fb8aa}"
    "@media(prefers-color-scheme:dark){body{background:#171b19;color:#e7ece9}main{background:#222825}"
    "button{background:#8fc3b1;color:#10231c}}"
)
BUTTON = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button type=submit>{label}</button></form>"
)


def language_of(accept_language: str) -> str:
    """The first language of an Accept-Language header that we speak, or English; weights are left aside."""
    for item in accept_language[:200].split(","):
        language = item.split(";")[0].strip().partition("-")[0].lower()
        if language in WORDS:
            return language
    return "en"


def question_page(brand: str, language: str) -> bytes:
    """Asks; the button does what the mailbox provider's one click does."""
    words = WORDS[language]
    return _page(words, language, words.question.format(brand=brand), BUTTON.format(label=escape(words.button)))


def done_page(brand: str, language: str) -> bytes:
    words = WORDS[language]
    return _page(words, language, words.done.format(brand=brand))


def invalid_page(language: str) -> bytes:
    """The same whatever was wrong: it tells a forger nothing."""
    return _page(WORDS[language], language, WORDS[language].invalid)


def later_page(language: str) -> bytes:
    return _page(WORDS[language], language, WORDS[language].later)


def _page(words: Words, language: str, text: str, form: str = "") -> bytes:
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(words.title)}</title><style>{STYLE}</style>"
        f"<main><h1>{escape(words.title)}</h1><p>{escape(text)}</p>{form}</main></html>"
    ).encode()
