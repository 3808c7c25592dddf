"""What orders a picture in nine languages, and what speaks against it: patterns over a text in small letters.

Orders are few and clear. What speaks against them is read wide: a doubt too many costs nothing.
"""

# ruff: noqa: RUF001 - other languages have other letters

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns), re.MULTILINE)


_NOW = r"(?:right now|now|immediately|at once|right away|straight away|this instant|asap)"
_MAKE = r"(?:generate|create|make|render|draw|paint|produce)"
_ONE = (
    r"(?:me )?(?:it|(?:the|this|that|my|our|your) (?:(?:final|actual|real|finished|sticker|png) )*"
    r"(?:image|picture|sticker|png|one|artwork))"
)
_URL = r"(?:https? )?(?:(?:direct|final|image|picture|png|sticker|generated) )*(?:url|link)"
_FILLING = (
    r"(?:for|me|us|please|then|already|exactly|as|it|is|with|from|by|the|this|that|your|our|spec|service)"
)
"""What may stand within an order; any other word describes another picture."""

_SPEC = r"(?:(?:job|image|sticker)[ -]?spec(?:ification)?s?|spec(?:ification)?s?|blueprints?)"

WORDS_FOLLOW = re.compile(
    r"(?<!\bimportant)(?<!\burgent)(?<!\bfollow-up)(?<!\breminder)(?<!\bnote)(?<!\battention)(?<!\bplease)"
    r"(?<!\bstep 2)(?<!\bwichtig)(?<!\bimportante)(?<!\bважно)(?<!重要)\s*[:：=]"
)
"""What announces somebody's words, "Custom instructions:", "Translate:"; but not "IMPORTANT:"."""

NO_SPEC = _any(
    rf"\b(?:do not|don't|never|dont) (?:just |only )?(?:return|send|give|output|write|create|make|show"
    rf"|reply with|respond with|answer with)"
    rf"(?: me| us)?(?: back)?(?: (?:just|only|another|a|an|any|the|more|new|that"
    rf"|same))*(?: json)? {_SPEC}(?: again| back| anymore)?",
    rf"\b(?:no|not) (?:more|another|a|any)? ?(?:further |new )?{_SPEC}(?: again)?",
    rf"\b(?:execute|run) (?:the|this|that|my|your|our) {_SPEC} {_NOW}",
    rf"(?:\bi |\bwe )?\b(?:do not|don't|dont) (?:want|need) (?:(?:another|a|an|any|the|more"
    rf"|new) )*{_SPEC}(?: again| anymore)?",
    rf"\b(?:stop|quit|without) (?:returning|sending|giving|writing|making)(?: me)?(?: (?:another|a|any|the"
    rf"|more|new|job))* {_SPEC}",
    rf"\binstead of (?:(?:another|a|the|returning) )*{_SPEC}",
    r"\bkeine (?:weitere|neue|andere)[n]? (?:job-?|auftrags)?(?:spec|spezifikation)\b(?: zurück(?:geben)?"
    r"| mehr)?",
    r"\bno (?:me )?(?:devuelvas|envíes|mandes) (?:otra|más) (?:especificaci(?:ón|ones)|spec)\b",
    r"\bne (?:me )?(?:renvoie|retourne|donne)[sz]? (?:pas|plus) (?:une autre|d'autre) (?:spécification"
    r"|spec)\b",
    r"\bnão (?:me )?(?:devolva|envie|retorne) (?:outra|mais) (?:especificaç(?:ão|ões)|spec)\b",
    r"\bне (?:присылай|возвращай|отправляй)(?:те)? (?:ещё|еще|снова|больше)? ?(?:одну |другую "
    r"|новую )?(?:спецификаци[юийя]+|спек\w*)",
    r"(?:不要|别)再?(?:返回|发送|给我)(?:另一个|新的|更多的?)?(?:任务|作业)?(?:规格|说明|spec)",
    r"(?:ジョブ)?(?:仕様|スペック)(?:書)?は?(?:もう)?(?:返さないで|要りません|いりません)(?:ください)?",
    r"\b(?:başka|yeni) (?:bir )?(?:iş )?(?:spec|belirtim\w*|şartname\w*) (?:gönderme|döndürme|verme)\b",
)
"""That no further spec is wanted: an order, in the seed's own words ("DO NOT return another job spec")."""

NEUTRAL = _any(
    rf"\b(?:you|we|i) (?:already )?(?:have|got|made|sent|created)(?: already)?(?: me)? (?:the|your|a|this"
    rf"|that|my) {_SPEC}(?: already)?",
    rf"\b(?:use|using|with|from|per|by|following|follow|according to|based on|as in) (?:(?:the|your|this"
    rf"|that|my|our|same|last|above|existing|stored) )*{_SPEC}(?: (?:you|i) (?:just )?(?:sent|made|have"
    rf"|gave|created|wrote|got)(?: me| you)?| above)?",
    rf"\b{_SPEC} (?:is|was|looks|are) (?:fine|good|great|ok|okay|approved|perfect|accepted|ready|right)",
    r"\b(?:mit|nach|aus) (?:der|dieser|deiner) (?:job-?)?spec\b|\bich habe (?:(?:die|deine|schon"
    r"|bereits) )+(?:job-?)?spec(?: schon| bereits)?",
)
"""Where a spec is spoken of and none is asked for."""

ASKS_POLITELY = re.compile(
    rf"^ *(?:(?:ok|okay|yes|great|good|perfect|hi|hello|hey|please)[,.! ]+)*(?:can|could"
    rf"|will) you (?:now )?(?:please )?((?:now )?{_MAKE} {_ONE}(?: please)?(?: {_NOW})?(?: please)?) ?\?+ *$"
)
"""A question that is an order, and nothing else."""

_ORDER = _any(
    rf"{_MAKE} {_ONE}(?: {_FILLING}){{0,3}}? {_NOW}",
    rf"{_NOW},? (?:please )?(?:go ahead and )?{_MAKE} {_ONE}",
    rf"(?:generate|create|render) (?:it|{_NOW})",
    rf"go ahead and {_MAKE} {_ONE}",
    rf"(?:return|send|give|output|respond with|reply with|answer with)(?: me| us)?(?: back)? (?:only|just"
    rf"|nothing but) (?:the |a |one )?{_URL}",
    rf"(?:only|just) (?:return|send|give|output|reply with|respond with)(?: me| us)? (?:the |a )?{_URL}",
    # German
    r"(?:generier|erstell|erzeug|mach|mal|zeichne?)e? (?:mir )?(?:bitte )?(?:es|ihn|(?:das|dieses) (?:bild"
    r"|png)|den sticker)(?: bitte)? (?:jetzt|sofort|gleich|auf der stelle)",
    r"(?:generier|erstell|erzeug|mach|mal|zeichne?)e? (?:bitte )?(?:jetzt|sofort) (?:bitte )?(?:das bild"
    r"|den sticker|es)",
    r"(?:gib|schick|sende?)e? (?:mir )?(?:nur|ausschließlich|ausschliesslich) (?:die"
    r"|den) (?:bild-?)?(?:url|link|adresse)",
    # Spanish
    r"(?:genera|crea|haz|dibuja|genere|cree|haga) (?:ya |ahora )?(?:la imagen|el sticker"
    r"|la pegatina) (?:ahora(?: mismo)?|ya|inmediatamente)",
    r"(?:génerala|genérala|créala|hazla|genéralo|créalo|hazlo) (?:ahora(?: mismo)?|ya|inmediatamente)",
    r"(?:devuelve|envía|manda|devuélveme|envíame|mándame) (?:solo|sólo|solamente|únicamente) (?:la"
    r"|el) (?:url|enlace)",
    # French
    r"(?:génère|génères|générez|crée|créez|fais|faites|dessine|dessinez)(?: |-)(?:l'image|le sticker"
    r"|l'autocollant|la|le)(?: \w+){0,1}? (?:maintenant|tout de suite|immédiatement)",
    r"(?:renvoie|renvoyez|donne|donnez|envoie|envoyez)(?:-moi)? (?:seulement|uniquement|juste) (?:l'url"
    r"|le lien)",
    # Portuguese
    r"(?:gere|gera|crie|cria|faça|faz|desenhe) (?:a imagem|o sticker|a figurinha|o adesivo"
    r"|isso) (?:agora(?: mesmo)?|já|imediatamente)",
    r"(?:gere|crie|faça|desenhe)-[ao] (?:agora(?: mesmo)?|já|imediatamente)",
    r"(?:devolva|envie|retorne|mande)(?:-me)? (?:apenas|somente|só) (?:a url|o link)",
    # Russian
    r"(?:сгенерируй|создай|нарисуй|сделай)(?:те)? (?:мне )?(?:это |само )?(?:изображение|картинку|стикер"
    r"|его|её|ее|это) (?:прямо сейчас|сейчас(?: же)?|немедленно|сразу)",
    r"(?:прямо сейчас|сейчас(?: же)?|немедленно) (?:сгенерируй|создай|нарисуй"
    r"|сделай)(?:те)? (?:изображение|картинку|стикер|его|её|ее)",
    r"(?:верни|пришли|отправь)(?:те)? (?:мне )?только (?:ссылку|url|адрес)",
    # Chinese
    r"(?:现在|立即|立刻|马上)(?:就)?(?:给我|帮我|请)?(?:生成|创建|制作|画)(?:出)?(?:这张|该|这个)?(?:图片"
    r"|图像|贴纸|它)",
    r"(?:只|仅)(?:需要?)?(?:返回|发送|给我)(?:图片|图像)?的?(?:url|链接|网址)",
    # Japanese
    r"(?:今すぐ|すぐに|直ちに|いますぐ)に?、? ?(?:その|この)?(?:画像|ステッカー|スタンプ|それ)を(?:生成"
    r"|作成|作って|描いて)(?:して)?(?:ください)?(?!は|し?ない|し?なく|ます|する)",
    r"(?:画像|ステッカー|スタンプ|それ)を(?:今すぐ|すぐに|直ちに)、?(?:生成|作成|作って"
    r"|描いて)(?:して)?(?:ください)?(?!は|し?ない|し?なく|ます|する)",
    r"(?:画像の?)?(?:url|リンク)(?:だけ|のみ)を?(?:返して|送って)(?:ください)?",
    # Turkish
    r"(?:resmi|görseli|görüntüyü|çıkartmayı|stickeri|sticker'ı|onu) (?:şimdi|hemen|derhal) (?:oluştur|üret"
    r"|yap|çiz)(?:un|in|ın|ün)?(?:uz|iz|ız|üz)?",
    r"(?:şimdi|hemen|derhal) (?:resmi|görseli|görüntüyü|çıkartmayı|onu) (?:oluştur|üret|yap|çiz)(?:un|in"
    r"|ın|ün)?(?:uz|iz|ız|üz)?",
    r"(?:yalnızca|sadece) (?:resmin |görselin |resim |görsel )?(?:url'sini|url'yi|bağlantısını|bağlantıyı"
    r"|linkini|linki|url) (?:döndür|gönder|ver)",
)

_LEAD = (
    r"(?:important|urgent|note|reminder|follow-up|step 2|please|pls|ok|okay|yes|alright|great|good|perfect"
    r"|thanks|thank you|now|then"
    r"|so|and|just|go ahead and|hi|hello|hey|wichtig|bitte|jetzt|ja|danke|und|dann|importante|por favor"
    r"|ahora|sí|y|vale"
    r"|s'il (?:te|vous) plaît|maintenant|oui|et|agora|sim|e|важно|пожалуйста|да|теперь|и|lütfen|evet|şimdi"
    r"|ve|请|那么|好的|重要"
    r"|では|はい|どうか)"
)
"""What may stand before an order."""

_TAIL = (
    r"(?:please|pls|for me|already|thanks|thank you|then|now|nothing else|immediately|right away"
    r"|to the (?:\w+ ){0,3}(?:image|picture)"
    r"|bitte|danke|zurück|zum bild|mismo|por favor|gracias|de la imagen|s'il (?:te|vous) plaît|merci"
    r"|de l'image|da imagem|obrigad[oa]"
    r"|пожалуйста|спасибо|на (?:картинку|изображение|стикер)|lütfen|吧|谢谢|お願いします|ね)"
)
"""What may follow one. Anything else changes it, and what is changed has another price."""

ORDER = re.compile(
    rf"[ ,]*(?:{_LEAD}[ ,:!、，]*)*?(?>{NO_SPEC.pattern}|{_ORDER.pattern})(?:[ ,、，]*(?:(?:and|und|y|et|e"
    rf"|и|ve|then) )*+"
    rf"(?>{NO_SPEC.pattern}|{_ORDER.pattern}|{_TAIL}(?!\w)))*+[ ,]*"
)
"""A sentence that is an order and nothing else."""

LONGEST = 300
"""Characters of a sentence that can be an order."""

SENTENCES = re.compile(r"[.!;…。！；]+")


AGAINST = _any(
    # A question, or the spec by its name
    r"[?？;؟]\s*$|[?？؟]",
    rf"\b{_SPEC}\b|\bjson\b|\bquote\b|\bpreview\b|\bdry[ -]run\b|\bplan\b|\bcost\b|\bprice\b",
    r"\b(?:spezifikation|bauplan|entwurf|especificaci\w+|plano|spécification|especificaç\w+|şartname"
    r"|belirtim|спецификаци\w*|чертеж\w*)\b|规格|蓝图|仕様|設計図",
    # English: negations, conditions, another time, somebody else's words, mere thoughts
    r"\b(?:not|n't|no|never|nobody|none|nor|neither|without|stop|cancel|abort|halt|undo|refrain|avoid"
    r"|refuse|forget)\b|n't\b",
    r"\b(?:nope|nah|nay|forbid\w*|forbade|prohibit\w*|veto\w*|reject\w*|deny|denied|joking|psych)\b",
    r"\b(?:dont|doesnt|didnt|shouldnt|wont|cant|wouldnt|isnt)\b",
    r"\b(?:if|unless|until|till|once|when|whenever|before|after|as soon as|in case|provided|assuming"
    r"|suppose|imagine)\b",
    r"\b(?:later|tomorrow|tonight|next (?:week|month|time|day)|soon|eventually|someday|yet|hold|wait|pause"
    r"|postpone|first)\b",
    r"\b(?:would|should|might|may|shall|could|were|what|which|how|why|who|whether|maybe|perhaps"
    r"|hypothetically)\b",
    r"\b(?:pretend|example|e\.g|says?|said|saying|reads?|titled|labell?ed|called|wrote|told|asks?|asked"
    r"|means?|phrase|words?|sentence|ignore|simulate|translate|repeat|writes?|type|system|assistant)\b",
    r"\b(?:instead of|rather than|but|except|actually|wrong|mistake|kidding|joke|sorry|never ?mind"
    r"|scratch that)\b",
    r"\b(?:describe|explain|show me what|tell me|think about|discuss|consider|outline|draft)\b",
    # German
    r"\b(?:nein|nee|nö|verbiet\w*|verbot\w*)\b",
    r"\b(?:nicht|nie|niemals|kein\w*|noch nicht|ohne|warte?|stop+|halt|später|morgen|erst|zuerst|wenn"
    r"|falls|sobald|bevor|ob|was|wie|warum|würd\w*|soll\w*|könnt\w*|statt|sondern|aber|vielleicht|doch)\b",
    # Spanish
    r"\b(?:todavía|aún|prohíb\w*|prohib\w*|nunca|jamás|tampoco|ningun\w*|sin|espera\w*|después|luego|mañana|primero|cuando"
    r"|antes|qué|cómo|si|pero|quizás|podrías|harías|generarías|detente|cancela)\b",
    # French
    r"\b(?:non|nan|interdi\w*|défend\w*)\b",
    r"\b(?:ne|pas|jamais|sans|attends?|attendez|arrête\w*|plus tard|demain|d'abord|quand|lorsque|avant"
    r"|quoi|comment|mais|peut-être|pourrais|ferais|générerais|encore)\b|\bn'|\b(?:qu'est-ce|que) "
    r"|\bs'il (?!te|vous)",
    # Portuguese
    r"\b(?:não|nao|proíb\w*|proib\w*|nunca|jamais|nem|sem|ainda|espere|espera|pare|cancele|depois|amanhã|primeiro|quando|se"
    r"|antes|quê|como|mas|talvez|poderia|faria|geraria)\b",
    # Russian
    r"\b(?:нельзя|запре\w*|хватит|не|нет|ни|никогда|пока|подожди\w*|стой\w*|стоп|отмен\w*|позже|потом|завтра|сначала|если|когда"
    r"|прежде|что|как|какой|какую|почему|но|может|бы|только не)\b",
    # Chinese, Japanese: no words to count, so what is in the text anywhere
    r"禁|拒|不|别|別|没|未|勿|无需|停|等|先|以后|之后|稍后|明天|如果|要是|假如|什么|怎么|吗|呢|但|取消|会不会",
    r"いいえ|だめ|ダメ|駄目|ない|ません|なく|やめ|まだ|待っ|待て|あと|後で|明日|もし|たら|なら|れば|何を|どんな|どう|ですか"
    r"|ますか|でしょう|けど|キャンセル|前に",
    # Turkish: the verb itself says no
    r"\b(?:hayır|yok|yasak|olmaz|sakın)\b",
    r"\b(?:oluşturma\w*|üretme\w*|yapma\w*|çizme\w*|değil|henüz|daha|asla|hiç|bekle\w*|dur|durdur\w*|iptal"
    r"|sonra|yarın|önce|eğer|ne|nasıl|neden|ama|fakat|belki|mi|mı|mu|mü)\b",
    # A no of languages that no order is read in, by its word or by its script
    r"\b(?:niet|geen|nej|inte|ikke|ei|nem|không|tidak|jangan|nu este)\b|[\u0530-\u1fff\uac00-\ud7af]",
)
"""What speaks against an order, wherever it stands."""

STILL_AGAINST = _any(
    rf"\b(?:not|n't|dont|never|stop|cancel|wait|hold)\b(?:\W+\w+){{0,3}}?\W+(?:{_MAKE}|generating|creating"
    rf"|making|pay|post|send)\b",
    rf"n't(?:\W+\w+){{0,3}}?\W+{_MAKE}\b",
    r"\b(?:not yet|never ?mind|only the (?:job )?spec|hold on)\b",
)
"""What speaks against an order even from among the words for the sticker."""
