"""The words on derivatives, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "illegal_parking": ("机动车违法停放", "Illegal parking"),
    "street_vending": ("占道经营", "Street vending"),
    "exposed_garbage": ("暴露垃圾", "Exposed garbage"),
    "uncovered_muck_truck": ("渣土车未密闭运输", "Uncovered muck truck"),
    "abandoned_vehicle": ("废弃车辆", "Abandoned vehicle"),
    "overflowing_bin": ("垃圾箱满溢", "Overflowing bin"),
    "blocked_tactile_paving": ("占压盲道", "Blocked tactile paving"),
}
_ZONES: Final[Mapping[str, tuple[str, str]]] = {
    "prohibited": ("禁止区", "prohibited zone"),
    "restricted": ("严控区", "restricted zone"),
    "guided": ("疏导区", "guided zone"),
}
_PURPOSES: Final[Mapping[str, tuple[str, str]]] = {
    "panorama_first": ("首次发现", "First seen"),
    "panorama_middle": ("持续期间", "Halfway"),
    "panorama_confirmed": ("超时确认", "Confirmed"),
    "panorama_cleared": ("清理后", "Cleared"),
    "panorama_recheck": ("复查", "Second look"),
    "close_up": ("特写", "Close-up"),
    "close_up_cleared": ("清理后特写", "Cleared, close-up"),
    "close_up_recheck": ("复查特写", "Second look, close-up"),
}
_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "time": ("时间", "Time"),
    "began": ("开始", "Began"),
    "confirmed": ("确认", "Confirmed"),
    "ended": ("结束", "Ended"),
    "place": ("地点", "Place"),
    "direction": ("方向", "Direction"),
    "device": ("设备编号", "Device"),
    "violation": ("违法行为", "Violation"),
    "hours": ("管控时段", "In force"),
    "limit": ("允许时长", "Limit"),
    "code": ("防伪码", "Code"),
    "grade": ("性质", "Grade"),
    "reasons": ("未达证据标准的原因", "Why only a lead"),
    "clock": ("时钟误差", "Clock"),
    "likeness": ("同一车辆相似度", "Same vehicle"),
    "package": ("证据包编号", "Package"),
    "hash": ("清单摘要 SHA-256", "Manifest SHA-256"),
    "sealed": ("封存时间", "Sealed"),
    "software": ("取证软件", "Made by"),
}
_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("非现场执法取证记录", "Record of a suspected violation"),
    "lead": ("线索(未经人工审核不得作为证据)", "lead: no evidence before a person has reviewed it"),
    "evidence": ("技术条件齐备,待人工审核", "technically complete, to be reviewed by a person"),
    "always": ("全天", "at all times"),
    "unknown": ("未记录", "not recorded"),
    "going_on": ("封存时仍在持续", "still going on when sealed"),
    "not_measured": ("未测量", "not measured"),
    "seconds": ("秒", "s"),
    "minutes": ("分钟", "min"),
    "except": ("另有例外日", "with exceptions"),
    "unit": ("不确定度", "uncertainty"),
    "derived": (
        "本图由原始录像派生,原件在证据包内,未作改动。",
        "Derived from the original record, which is unchanged in the package.",
    ),
    "scan": (
        "扫码得到证据包编号与清单摘要,可用 streetwarden verify 核验。",
        "The code holds the package's id and hash; check them with streetwarden verify.",
    ),
}
_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "camera_file_incomplete": ("设备备案资料不全", "the camera's file is incomplete"),
    "camera_file_not_valid": ("设备备案不在有效期", "the camera's file is not valid on that day"),
    "warning_period": ("警示期内", "within the period of warnings"),
    "zone_not_in_force": ("不在管控时段", "outside the zone's hours"),
    "zone_hours_unchecked": ("管控时段未核对", "the zone's hours were not checked"),
    "clock_unknown": ("时钟误差未知", "nobody measured the clock"),
    "clock_off": ("时钟误差超限", "the clock is too far off"),
    "resolution_low": ("分辨率不足", "resolution too low"),
    "picture_unfit": ("画面异常", "the picture was unfit"),
    "clip_missing": ("缺少录像", "the clip is missing"),
    "stills_incomplete": ("图片不足", "too few stills"),
    "stills_not_spanning": ("图片间隔不足", "the stills are too close in time"),
    "plate_unreadable": ("号牌不可辨认", "the plate cannot be read"),
    "plate_unchecked": ("号牌未核对", "nobody checked the plate"),
    "record_gap": ("录像有中断", "a gap in the record"),
    "subject_unlike": ("前后车辆不一致或被遮挡", "not shown to be the same vehicle"),
    "displacement_unclear": ("位移不明显", "no clear displacement"),
}
_DAYS: Final[Mapping[str, tuple[str, str]]] = {
    "mon": ("周一", "Mon"),
    "tue": ("周二", "Tue"),
    "wed": ("周三", "Wed"),
    "thu": ("周四", "Thu"),
    "fri": ("周五", "Fri"),
    "sat": ("周六", "Sat"),
    "sun": ("周日", "Sun"),
}


def kind_name(kind: str, language: Language) -> str:
    """A violation's name; an unknown one is its identifier in words."""
    return _say(_KINDS, kind, language)


def zone_name(zone_class: str, language: Language) -> str:
    """What a class of zone is called."""
    return _say(_ZONES, zone_class, language)


def purpose_name(purpose: str, language: Language) -> str:
    """What a still shows."""
    return _say(_PURPOSES, purpose, language)


def label(name: str, language: Language) -> str:
    """What a row of a table is called."""
    return _say(_LABELS, name, language)


def text(name: str, language: Language) -> str:
    """A fixed sentence."""
    return _say(_TEXTS, name, language)


def reason_name(reason: str, language: Language) -> str:
    """Why a record is only a lead."""
    return _say(_REASONS, reason, language)


def day_name(day: str, language: Language) -> str:
    """A weekday."""
    return _say(_DAYS, day, language)


def _say(table: Mapping[str, tuple[str, str]], name: str, language: Language) -> str:
    words = table.get(name)
    return name.replace("_", " ") if words is None else words[LANGUAGES.index(language)]
