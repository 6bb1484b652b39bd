"""Every alert of the shared test data and what has to come of it; skipped where the data is not beside the checkout."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from comms.feeds.cap import import_line
from tests.comms.feeds.corpus import corpus

CAP = corpus("cap")
pytestmark = pytest.mark.skipif(CAP is None, reason="the shared test data is not here (FENGHUO_TEST_DATA)")

A, U, C = "Alert", "Update", "Cancel"
# file: (status, msg_type, infos, areas, polygons, circles, first event, first severity, first colour)
READ: dict[str, tuple[Any, ...]] = {
    "bushfire_edxlde_member_03.xml": ("Actual", A, 1, 1, 0, 1, "Grassfire", "Moderate", None),
    "bushfire_edxlde_member_05.xml": ("Actual", A, 1, 1, 0, 1, "Grassfire", "Moderate", None),
    "bushfire_edxlde_member_06.xml": ("Actual", A, 1, 1, 0, 1, "Fire", "Moderate", None),
    "bushfire_edxlde_member_07.xml": ("Actual", A, 1, 1, 0, 1, "Grassfire", "Moderate", None),
    "chmi_style_01.xml": ("Actual", A, 1, 2, 0, 0, "Severe Weather", "Severe", None),
    "chmi_style_05.xml": ("Actual", A, 1, 2, 0, 0, None, "Severe", None),
    "chmi_style_06.xml": ("Actual", A, 1, 1, 0, 0, None, "Minor", None),
    "chmi_style_09.xml": ("Actual", A, 1, 1, 0, 0, None, "Minor", None),
    "chmi_style_11.xml": ("Actual", A, 2, 2, 0, 0, None, "Minor", None),
    "chmi_style_12.xml": ("Actual", A, 1, 1, 0, 0, None, "Minor", None),
    "chmi_style_13.xml": ("Actual", A, 1, 1, 0, 0, None, "Minor", None),
    "chmi_style_16.xml": ("Actual", A, 1, 1, 0, 0, "Test Alert", "Minor", None),
    "chmi_style_19.xml": ("Actual", A, 4, 4, 0, 0, "Žádná výstraha před teplotou", "Minor", None),
    "chmi_style_20.xml": ("Actual", A, 2, 2, 0, 0, "Silný vítr", "Severe", None),
    "chmi_style_21.xml": ("Actual", A, 2, 2, 0, 0, "Czech Alert", "Minor", None),
    "chmi_style_22.xml": ("Actual", A, 4, 4, 0, 0, "Žádná výstraha před teplotou", "Minor", None),
    "chmi_style_23.xml": ("Actual", A, 1, 1, 0, 0, "Silný mráz", "Moderate", "yellow"),
    "cn_12379_henan_gale_blue_update_2020.xml": ("Actual", U, 1, 1, 0, 0, "大风", "Minor", "blue"),
    "dwd_pvw_source.xml": ("Actual", A, 1, 20, 0, 0, "WINDBÖEN", "Minor", None),
    "edge_gb18030.xml": ("Actual", A, 2, 2, 0, 0, "大雾", "Moderate", "yellow"),
    "fah_01.xml": ("Test", U, 1, 1, 1, 0, "flood", "Severe", None),
    "google_canada.xml": ("Actual", U, 2, 4, 4, 0, "thunderstorm", "Minor", None),
    "google_canada_errors.xml": ("Actual", U, 1, 1, 1, 0, "thunderstorm", "Minor", None),
    "google_earthquake.xml": ("Actual", A, 1, 1, 0, 1, "Earthquake", "Unknown", None),
    "google_earthquake_signed.xml": ("Actual", A, 1, 1, 0, 1, "Earthquake", "Unknown", None),
    "google_example_43b080713727.xml": (
        "Actual",
        A,
        1,
        1,
        0,
        0,
        "Homeland Security Advisory System Update",
        "Severe",
        None,
    ),
    "google_example_KAR0-0306112239-SW.xml": ("Actual", A, 1, 1, 0, 0, "Child Abduction", "Severe", None),
    "google_example_thunderstorm.xml": ("Actual", A, 1, 1, 1, 0, "SEVERE THUNDERSTORM", "Severe", None),
    "google_invalid.xml": ("Actual", A, 1, 1, 0, 0, "Storm", "Unknown", None),
    "ibm_amber_oasis_example.xml": ("Actual", A, 2, 2, 0, 0, "Child Abduction", "Severe", None),
    "kde_alertswiss_poa_1222963954-5.xml": ("Actual", A, 1, 1, 1, 0, "Falling rocks, landslide", "Moderate", None),
    "kde_alertswiss_test_1163.xml": ("Test", A, 1, 0, 0, 0, "Cap Test Event", "Unknown", None),
    "kde_austria_geocode_only_AT001.xml": ("Actual", A, 1, 1, 0, 0, "TestCase", "Moderate", None),
    "kde_austria_test1.xml": ("Actual", A, 1, 1, 1, 0, "TestCase", "Moderate", None),
    "kde_gdacs_1470644.xml": ("Actual", A, 1, 1, 1, 0, "Earthquake", "Moderate", None),
    "kde_ireland_smallcraft.xml": ("Actual", A, 1, 1, 0, 0, "Small Craft", "Moderate", "yellow"),
    "kde_kazakhstan.xml": ("Actual", A, 1, 1, 1, 0, "Freezing rain, icing", "Moderate", None),
    "kde_macao_monsoon_zh_pt_en.xml": ("Actual", U, 3, 3, 3, 0, "強烈季候風信號", "Moderate", None),
    "kde_noaa_bde6c30c.xml": ("Actual", A, 1, 1, 18, 0, "Special Weather Statement", "Moderate", None),
    "naad_2016_embedded_audio.xml": ("Actual", A, 1, 1, 1, 0, "Tornado", "Extreme", None),
    "naad_2019_eccc.xml": ("Actual", A, 2, 2, 2, 0, "wind", "Moderate", None),
    "nws_idp_prod_3296165.xml": ("Actual", A, 1, 1, 0, 0, "Small Craft Advisory", "Severe", None),
    "redcross_filter_alert_1.xml": ("Exercise", A, 1, 1, 1, 0, "flood", "Minor", None),
    "redcross_filter_alert_5.xml": ("Test", A, 1, 1, 1, 0, "flood", "Extreme", None),
    "redcross_filter_alert_6.xml": ("Actual", A, 1, 1, 1, 0, "flood", "Severe", None),
    "redcross_filter_cancel_1.xml": ("Actual", C, 1, 1, 1, 0, "flood", "Severe", None),
    "redcross_filter_cancel_2.xml": ("Test", C, 1, 1, 1, 0, "flood", "Severe", None),
    "redcross_filter_cancel_3.xml": ("Exercise", C, 1, 1, 1, 0, "flood", "Minor", None),
    "redcross_filter_cancel_4.xml": ("Actual", C, 1, 1, 1, 0, "flood", "Severe", None),
    "redcross_filter_cancel_5.xml": ("Actual", C, 1, 1, 1, 0, "flood", "Extreme", None),
    "redcross_filter_cancel_6.xml": ("Actual", C, 1, 1, 1, 0, "flood", "Minor", None),
    "redcross_filter_update_2.xml": ("Test", U, 1, 1, 1, 0, "flood", "Severe", None),
    "sahana_Fiji_Water_Shortage_Suva.xml": ("Test", A, 2, 0, 0, 0, "Drought", "Extreme", None),
    "sahana_Flood.xml": ("Exercise", A, 1, 1, 1, 0, "Flood", "Severe", None),
    "sahana_Myanmar-Flood-MultiLanguage.xml": ("Test", A, 2, 2, 2, 0, "Flood", "Unknown", None),
    "sahana_Myanmar-Flood-MultiLanguage_MultipleArea.xml": ("Test", A, 2, 4, 4, 0, "Flood", "Unknown", None),
    "sahana_Myanmar_Flood_Multiple_Area.xml": ("Exercise", A, 1, 2, 2, 0, "Flood", "Severe", None),
    "sahana_Philippines-Tropical-Cyclone-MultiLanguage.xml": (
        "Exercise",
        A,
        2,
        2,
        2,
        0,
        "Tropical Cyclone",
        "Severe",
        None,
    ),
    "sahana_Philippines-Tsunami.xml": ("Exercise", A, 1, 2, 2, 0, "Tsunami", "Minor", None),
    "sahana_TropicalCyclone20150806.xml": ("Actual", A, 1, 1, 1, 0, "Tropical Cyclone Alert", "Minor", None),
    "sahana_TropicalCyclone20150808.xml": ("Actual", U, 1, 1, 0, 0, "Tropical Cyclone Warning", "Moderate", None),
    "sahana_heavy_rain.xml": ("Exercise", A, 1, 1, 1, 0, "HEAVY RAIN", "Severe", None),
    "sahana_landslide.xml": ("Exercise", A, 1, 1, 1, 0, "Landslide", "Severe", None),
    "sahana_tsunami.xml": ("Exercise", A, 1, 1, 1, 0, "TSUNAMI", "Severe", None),
    "synthetic_cn_huaian_rain_1_alert_orange.xml": ("Actual", A, 2, 2, 2, 0, "暴雨", "Severe", "orange"),
    "synthetic_cn_huaian_rain_2_update_red.xml": ("Actual", U, 2, 2, 2, 0, "暴雨", "Extreme", "red"),
    "synthetic_cn_huaian_rain_3_cancel.xml": ("Actual", C, 2, 2, 2, 0, "暴雨", "Minor", "red"),
    "synthetic_cn_zhangjiagang_exercise_chem.xml": ("Exercise", A, 2, 2, 0, 2, "危险化学品泄漏", "Severe", "orange"),
    "us_ipaws_rwt_cancel_2026.xml": ("Actual", C, 1, 1, 0, 0, "Required Weekly Test", "Extreme", None),
    "us_sample_capphp.xml": ("Actual", A, 1, 1, 1, 0, "Flood Warning", "Moderate", None),
    "wis2box_cap_example.xml": ("Actual", A, 1, 1, 1, 0, "Strong Winds", "Moderate", None),
}
REFUSED = {
    "edge_doctype_entity_bomb.xml": "doctype",
    "edge_truncated.xml": "not_well_formed",
    "google_xee.xml": "doctype",
    "googletest_01.xml": "not_well_formed",
    "googletest_03.xml": "not_well_formed",
    "googletest_04.xml": "not_well_formed",
    "googletest_05.xml": "not_well_formed",
    "googletest_10.xml": "not_well_formed",
    "nws_2020-05-07.xml": "not_an_alert",  # an Atom index that was saved as an alert
}
NO_ZONE = {"fah_01.xml", *(name for name in READ if name.startswith("redcross_"))}  # their `sent` has none


def line_of(name: str) -> dict[str, Any]:
    assert CAP is not None
    return import_line(CAP / name)


def times(value: Any) -> list[str]:
    """Every time in an alert, whatever it hangs on."""
    if isinstance(value, list):
        return [found for entry in value for found in times(entry)]
    if isinstance(value, dict):
        here = [value[key] for key in ("sent", "effective", "onset", "expires") if value.get(key)]
        return here + [found for entry in value.values() for found in times(entry)]
    return []


def test_the_table_names_every_file_and_no_other() -> None:
    assert CAP is not None
    assert {path.name for path in CAP.glob("*.xml")} == READ.keys() | REFUSED.keys()
    assert Counter(row[1] for row in READ.values()) == {A: 55, U: 8, C: 8}


@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    started = time.perf_counter()
    line = line_of(name)
    assert time.perf_counter() - started < 1
    assert line["accepted"], line["reason"]
    alert = line["alert"]
    infos = alert["infos"]
    areas = [area for info in infos for area in info["areas"]]
    polygons, circles = sum(len(area["polygons"]) for area in areas), sum(len(area["circles"]) for area in areas)
    facts = (infos[0]["event"], infos[0]["severity"], infos[0]["colour"])
    assert (alert["status"], alert["msg_type"], len(infos), len(areas), polygons, circles, *facts) == READ[name]
    assert all(datetime.fromisoformat(when).tzinfo for when in times(alert))
    assert (alert["sent"] is None) == (name in NO_ZONE)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    started = time.perf_counter()
    line = line_of(name)
    assert time.perf_counter() - started < 1
    assert not line["accepted"] and line["alert"] is None
    assert line["reason"].startswith(REFUSED[name] + ": ")


def test_the_real_12379_document() -> None:
    alert = line_of("cn_12379_henan_gale_blue_update_2020.xml")["alert"]
    info = alert["infos"][0]
    assert alert["sender"] == "河南省气象局" and alert["sent"] == "2020-02-05T10:45:00+08:00"
    assert alert["references"][0]["identifier"] == "41000041600000_20200204121842"
    assert info["event_codes"] == [{"name": "GB/T 35561", "value": "11B06"}] and info["expires"] is None
    assert info["areas"][0]["desc"] == "河南省"
    assert [code["value"] for code in info["areas"][0]["geocodes"]] == ["410000000000"]
    assert [message["name"] for message in alert["messages"]] == ["SPEAKER", "SMS", "WEB"]


def test_macao_speaks_three_languages_and_refers_to_itself() -> None:
    alert = line_of("kde_macao_monsoon_zh_pt_en.xml")["alert"]
    assert [info["language"] for info in alert["infos"]] == ["zh-mo", "pt-PT", "en-US"]
    assert "it refers to itself" in alert["problems"]


def test_gb18030_is_read_as_what_it_says() -> None:
    info = line_of("edge_gb18030.xml")["alert"]["infos"][0]
    assert info["headline"] == "淮安市气象台发布大雾黄色预警[III级/较大]"
    assert info["areas"][0] == {
        "desc": "洪泽区",
        "polygons": [],
        "circles": [],
        "geocodes": [{"name": "CPEAS Geographic Code", "value": "320813000000"}],
    }


def test_an_embedded_sound_is_not_kept() -> None:
    resource = line_of("naad_2016_embedded_audio.xml")["alert"]["infos"][0]["resources"][0]
    assert resource["mime"] == "audio/mpeg" and resource["embedded_chars"] > 100_000
