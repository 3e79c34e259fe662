#include "proto/feedback/aggregate.h"

#include <expat.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "proto/mime/charset.h"

namespace heliopost::feedback {
namespace {

constexpr char separator = '|';  // that expat puts between a namespace and a name

// Where the text of an element goes; its path is without the root.
using Place = std::function<void(Aggregate&, std::string)>;

template <class Member>
Place into(Member member) {
    return [member](Aggregate& report, std::string text) { report.*member = std::move(text); };
}

Place policy(std::string PolicyPublished::* member) {
    return [member](Aggregate& report, std::string text) { report.policy.*member = std::move(text); };
}

Place row(std::string Row::* member) {
    return [member](Aggregate& report, std::string text) {
        if (!report.rows.empty()) report.rows.back().*member = std::move(text);
    };
}

template <class Item>
Place item(std::vector<Item> Row::* list, std::string Item::* member) {
    return [list, member](Aggregate& report, std::string text) {
        if (report.rows.empty() || (report.rows.back().*list).empty()) return;
        (report.rows.back().*list).back().*member = std::move(text);
    };
}

Place number(std::uint64_t Aggregate::* member) {
    return [member](Aggregate& report, std::string text) { report.*member = to_number(text).value_or(0); };
}

void take_count(Aggregate& report, const std::string& text) {
    if (!report.rows.empty()) report.rows.back().count = to_number(text).value_or(0);
}

void take_error(Aggregate& report, std::string text) {
    if (report.errors.size() < report_lists_max) report.errors.push_back(std::move(text));
}

std::map<std::string, Place, std::less<>> make_places() {
    std::map<std::string, Place, std::less<>> places{
        {"version", into(&Aggregate::version)},
        {"report_metadata/org_name", into(&Aggregate::org_name)},
        {"report_metadata/email", into(&Aggregate::email)},
        {"report_metadata/extra_contact_info", into(&Aggregate::extra_contact)},
        {"report_metadata/report_id", into(&Aggregate::report_id)},
        {"report_metadata/generator", into(&Aggregate::generator)},
        {"report_metadata/date_range/begin", number(&Aggregate::begin)},
        {"report_metadata/date_range/end", number(&Aggregate::end)},
        {"report_metadata/error", take_error},
        {"record/row/source_ip", row(&Row::source_ip)},
        {"record/row/count", take_count},
        {"record/row/policy_evaluated/disposition", row(&Row::disposition)},
        {"record/row/policy_evaluated/dkim", row(&Row::dkim)},
        {"record/row/policy_evaluated/spf", row(&Row::spf)},
        {"record/row/policy_evaluated/reason/type", item(&Row::reasons, &Reason::type)},
        {"record/row/policy_evaluated/reason/comment", item(&Row::reasons, &Reason::comment)},
        {"record/auth_results/dkim/selector", item(&Row::dkim_results, &AuthResult::selector)},
        {"record/auth_results/spf/scope", item(&Row::spf_results, &AuthResult::scope)},
    };
    const std::pair<const char*, std::string PolicyPublished::*> published[] = {
        {"domain", &PolicyPublished::domain},
        {"discovery_method", &PolicyPublished::discovery_method},
        {"adkim", &PolicyPublished::adkim},
        {"aspf", &PolicyPublished::aspf},
        {"p", &PolicyPublished::p},
        {"sp", &PolicyPublished::sp},
        {"np", &PolicyPublished::np},
        {"fo", &PolicyPublished::fo},
        {"testing", &PolicyPublished::testing},
        {"pct", &PolicyPublished::percent}};
    for (const auto& [name, member] : published)
        places.emplace("policy_published/" + std::string(name), policy(member));
    // An early draft, still sent by some, says "identities".
    for (const std::string_view group : {"identifiers", "identities"}) {
        const std::string path = "record/" + std::string(group) + "/";
        places.emplace(path + "header_from", row(&Row::header_from));
        places.emplace(path + "envelope_from", row(&Row::envelope_from));
        places.emplace(path + "envelope_to", row(&Row::envelope_to));
    }
    const std::pair<const char*, std::string AuthResult::*> results[] = {
        {"domain", &AuthResult::domain},
        {"result", &AuthResult::result},
        {"human_result", &AuthResult::human_result}};
    for (const auto& [name, member] : results) {
        places.emplace("record/auth_results/dkim/" + std::string(name), item(&Row::dkim_results, member));
        places.emplace("record/auth_results/spf/" + std::string(name), item(&Row::spf_results, member));
    }
    return places;
}

const std::map<std::string, Place, std::less<>>& places() {
    static const std::map<std::string, Place, std::less<>> table = make_places();
    return table;
}

// Of a text in UTF-8; -1 where it is not one, or U+FFFD.
int only_character(std::string_view text) {
    const auto size = static_cast<int32_t>(text.size());
    int32_t at = 0;
    UChar32 character = -1;
    if (size > 0) U8_NEXT(text.data(), at, size, character);
    return at == size && character >= 0 && character != 0xFFFD ? character : -1;
}

// For expat, which knows UTF-8, UTF-16, US-ASCII and ISO-8859-1: another charset of one octet a character,
// such as windows-1252. An octet that is none by itself is an error where it comes.
int map_charset(void*, const XML_Char* name, XML_Encoding* encoding) {
    if (!mime::is_known_charset(name)) return XML_STATUS_ERROR;
    for (int octet = 0; octet < 256; ++octet) {
        const auto text = static_cast<char>(octet);
        encoding->map[octet] = only_character(mime::to_utf8(name, {&text, 1}));
    }
    encoding->data = nullptr;
    encoding->convert = nullptr;
    encoding->release = nullptr;
    return XML_STATUS_OK;
}

// A document under way: expat calls it for each element.
class Reader {
public:
    Reader() : parser_(XML_ParserCreateNS(nullptr, separator)) {
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(
            parser_.get(),
            [](void* self, const char* name, const char**) { static_cast<Reader*>(self)->begin(name); },
            [](void* self, const char*) { static_cast<Reader*>(self)->end(); });
        XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int size) {
            static_cast<Reader*>(self)->take({text, static_cast<size_t>(size)});
        });
        // Where entities would be declared.
        XML_SetStartDoctypeDeclHandler(
            parser_.get(), [](void* self, const char*, const char*, const char*, int) {
                static_cast<Reader*>(self)->stop(Fault::syntax, "a report has no DOCTYPE");
            });
        XML_SetUnknownEncodingHandler(parser_.get(), map_charset, nullptr);
    }

    Result<Aggregate> read(std::string_view xml) {
        const auto status = XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), 1);
        if (error_) return std::unexpected(*error_);
        if (status != XML_STATUS_OK && !whole_)
            return fail(Fault::syntax, "line " + std::to_string(XML_GetCurrentLineNumber(parser_.get())) +
                                           " is no XML: " + XML_ErrorString(XML_GetErrorCode(parser_.get())));
        if (!whole_) return fail(Fault::syntax, "the document is no DMARC report");
        return std::move(report_);
    }

private:
    struct Free {
        void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
    };

    void stop(Fault fault, std::string text) {
        if (!error_) error_ = Error{fault, std::move(text)};
        XML_StopParser(parser_.get(), XML_FALSE);
    }
    void begin(std::string_view name) {
        name = name.substr(name.rfind(separator) + 1);
        text_.clear();
        if (lengths_.size() == report_depth_max) {
            stop(Fault::too_large, "the report is nested too deep");
            return;
        }
        if (lengths_.empty()) {
            // Some send the schema's own first line in front, and never close it.
            if (name == "schema" && !std::exchange(in_schema_, true)) return;
            if (name != "feedback") stop(Fault::syntax, "the document is no DMARC report");
        } else {
            // An unknown name may be of any length: nothing below it is looked for.
            const std::string_view shown = name.size() <= longest_name ? name : "?";
            path_ += (path_.empty() ? "" : "/") + std::string(shown);
        }
        lengths_.push_back(path_.size());
        open_list();
    }
    void open_list() {
        if (path_ == "record") {
            if (report_.rows.size() == report_rows_max)
                stop(Fault::too_large, "the report has too many rows");
            else
                report_.rows.emplace_back();
        }
        if (report_.rows.empty()) return;
        Row& row = report_.rows.back();
        if (path_ == "record/row/policy_evaluated/reason") open(row.reasons);
        if (path_ == "record/auth_results/dkim") open(row.dkim_results);
        if (path_ == "record/auth_results/spf") open(row.spf_results);
    }
    template <class Item>
    void open(std::vector<Item>& list) {
        if (list.size() < report_lists_max)
            list.emplace_back();
        else
            list.back() = Item();  // past the limit only the last is kept
    }
    void take(std::string_view text) {
        text_ += text.substr(0, report_text_octets_max - std::min(report_text_octets_max, text_.size()));
    }
    void end() {
        if (const auto place = places().find(path_); place != places().end())
            if (const std::string_view text = trim(text_); !text.empty() || place->first == "record")
                place->second(report_, std::string(text));
        text_.clear();
        if (lengths_.empty()) return;
        lengths_.pop_back();
        path_.resize(lengths_.empty() ? 0 : lengths_.back());
        whole_ = lengths_.empty();
        if (whole_) XML_StopParser(parser_.get(), XML_FALSE);  // what stands behind is nothing to us
    }

    static constexpr size_t longest_name = 32;

    std::unique_ptr<XML_ParserStruct, Free> parser_;
    Aggregate report_;
    std::optional<Error> error_;
    bool in_schema_ = false;
    bool whole_ = false;           // </feedback> was read
    std::string path_;             // of the open element, without the root
    std::vector<size_t> lengths_;  // of the path, for each open element
    std::string text_;             // of the open element, since its last child
};

}  // namespace

Result<Aggregate> parse_aggregate(std::string_view xml) {
    static_assert(report_octets_max <= size_t{std::numeric_limits<int>::max()});
    if (xml.size() > report_octets_max) return fail(Fault::too_large, "the report is too long");
    Reader reader;
    return reader.read(xml);
}

}  // namespace heliopost::feedback
