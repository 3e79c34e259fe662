#include "queue/records.h"

#include "base/assert.h"
#include "queue/queue.pb.h"
#include "store/tuple.h"

namespace heliopost::queue {
namespace {

constexpr std::uint8_t rows = 1;
constexpr std::uint8_t entry_row = 0;
constexpr std::uint8_t recipient_row = 1;

constexpr std::uint32_t notify_specified = 1, notify_success = 2, notify_failure = 4, notify_delay = 8;

std::unexpected<Error> damaged(const char* what) {
    return fail(Fault::internal, std::string("damaged queue record: ") + what);
}

template <class Record>
Result<Record> parse(std::string_view octets, const char* what) {
    Record record;
    if (!record.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return damaged(what);
    return record;
}

void write(record::Address& to, const smtp::Address& from) {
    to.set_local_part(from.local_part);
    to.set_domain(from.domain);
}

smtp::Address address_of(const record::Address& from) {
    return {from.local_part(), from.domain()};
}

std::uint32_t bits_of(const smtp::Notify& notify) {
    return (notify.specified ? notify_specified : 0U) | (notify.success ? notify_success : 0U) |
           (notify.failure ? notify_failure : 0U) | (notify.delay ? notify_delay : 0U);
}

smtp::Notify notify_of(std::uint32_t bits) {
    return {(bits & notify_specified) != 0, (bits & notify_success) != 0, (bits & notify_failure) != 0,
            (bits & notify_delay) != 0};
}

bool is_part(std::uint32_t value) {
    return value <= smtp::status_part_max;
}

void write(record::LastReply& to, const LastReply& from) {
    to.set_code(static_cast<std::uint32_t>(from.code));
    to.set_enhanced_class(from.enhanced.kind);
    to.set_enhanced_subject(from.enhanced.subject);
    to.set_enhanced_detail(from.enhanced.detail);
    to.set_text(from.text);
    to.set_remote_host(from.remote_host);
}

Result<LastReply> reply_of(const record::LastReply& from) {
    if (!is_part(from.code()) || !is_part(from.enhanced_class()) || !is_part(from.enhanced_subject()) ||
        !is_part(from.enhanced_detail()))
        return damaged("reply");
    LastReply reply{static_cast<int>(from.code()), {}, from.text(), from.remote_host()};
    reply.enhanced = {static_cast<std::uint16_t>(from.enhanced_class()),
                      static_cast<std::uint16_t>(from.enhanced_subject()),
                      static_cast<std::uint16_t>(from.enhanced_detail())};
    return reply;
}

}  // namespace

std::string entry_key(QueueId id) {
    return store::Tuple().u8(rows).u64(id.value).u8(entry_row).str();
}

std::string recipient_key(QueueId id, std::uint32_t index) {
    return store::Tuple().u8(rows).u64(id.value).u8(recipient_row).u32(index).str();
}

std::string end_key(QueueId id) {
    return store::Tuple().u8(rows).u64(id.value).u8(recipient_row + 1).str();
}

std::string last_key() {
    return store::Tuple().u8(rows + 1).str();
}

Result<Key> parse_key(std::string_view octets) {
    store::TupleReader reader(octets);
    if (TRY(reader.u8()) != rows) return damaged("unknown key");
    Key key{QueueId(TRY(reader.u64())), std::nullopt};
    const std::uint8_t kind = TRY(reader.u8());
    if (kind > recipient_row) return damaged("unknown key");
    if (kind == recipient_row) key.recipient = TRY(reader.u32());
    if (!reader.done()) return damaged("key too long");
    return key;
}

std::string encode(const Entry& entry) {
    ASSERT(entry.recipient_count > 0);
    ASSERT(entry.blob.sha256.size() == 32);
    record::Entry to;
    if (!entry.reverse_path.null()) write(*to.mutable_reverse_path(), entry.reverse_path);
    to.set_created(unix_milliseconds(entry.created));
    to.set_expiry(unix_milliseconds(entry.expiry));
    to.set_identity(entry.identity.value);
    to.set_source(static_cast<std::uint32_t>(entry.source));
    to.set_blob(std::string(entry.blob.id.view()));
    to.set_blob_octets(entry.blob.octets);
    to.set_blob_sha256(entry.blob.sha256);
    to.set_prefix(entry.prefix);
    to.set_smtputf8(entry.smtputf8);
    to.set_body_8bit(entry.body_8bit);
    to.set_requiretls(entry.requiretls);
    to.set_ret(static_cast<std::uint32_t>(entry.ret));
    if (entry.envelope_id) to.set_envelope_id(*entry.envelope_id);
    to.set_recipient_count(entry.recipient_count);
    return to.SerializeAsString();
}

Result<Entry> decode_entry(QueueId id, std::string_view octets) {
    const auto from = TRY(parse<record::Entry>(octets, "entry"));
    Entry entry;
    entry.id = id;
    entry.reverse_path = address_of(from.reverse_path());
    entry.created = from_unix_milliseconds(from.created());
    entry.expiry = from_unix_milliseconds(from.expiry());
    entry.identity = AccountId(from.identity());
    if (from.source() < 1 || from.source() > static_cast<std::uint32_t>(Source::relay))
        return damaged("source");
    entry.source = static_cast<Source>(from.source());
    entry.blob.id = TRY(store::BlobId::from(from.blob()));
    entry.blob.octets = from.blob_octets();
    if (from.blob_sha256().size() != 32) return damaged("hash");
    entry.blob.sha256 = from.blob_sha256();
    if (from.prefix().size() > prefix_octets_max) return damaged("prefix");
    entry.prefix = from.prefix();
    entry.smtputf8 = from.smtputf8();
    entry.body_8bit = from.body_8bit();
    entry.requiretls = from.requiretls();
    if (from.ret() > static_cast<std::uint32_t>(smtp::Return::headers)) return damaged("ret");
    entry.ret = static_cast<smtp::Return>(from.ret());
    if (from.has_envelope_id()) entry.envelope_id = from.envelope_id();
    if (from.recipient_count() == 0 || from.recipient_count() > recipients_max) return damaged("recipients");
    entry.recipient_count = from.recipient_count();
    return entry;
}

std::string encode(const Recipient& recipient) {
    ASSERT(!recipient.domain.empty());
    record::Recipient to;
    write(*to.mutable_address(), recipient.address);
    to.set_domain(recipient.domain);
    to.set_notify(bits_of(recipient.notify));
    if (recipient.original_recipient) {
        to.set_has_orcpt(true);
        to.set_orcpt_type(recipient.original_recipient->type);
        to.set_orcpt_address(recipient.original_recipient->address);
    }
    to.set_state(static_cast<std::uint32_t>(recipient.state));
    to.set_attempts(recipient.attempts);
    to.set_next_attempt(unix_milliseconds(recipient.next_attempt));
    if (recipient.first_failure) to.set_first_failure(unix_milliseconds(*recipient.first_failure));
    if (recipient.last_attempt) to.set_last_attempt(unix_milliseconds(*recipient.last_attempt));
    if (recipient.last_reply != LastReply()) write(*to.mutable_last_reply(), recipient.last_reply);
    to.set_delay_warned(recipient.delay_warned);
    return to.SerializeAsString();
}

Result<Recipient> decode_recipient(std::uint32_t index, std::string_view octets) {
    const auto from = TRY(parse<record::Recipient>(octets, "recipient"));
    Recipient recipient;
    recipient.index = index;
    recipient.address = address_of(from.address());
    recipient.domain = from.domain();
    if (recipient.domain.empty()) return damaged("domain");
    recipient.notify = notify_of(from.notify());
    if (from.has_orcpt())
        recipient.original_recipient = smtp::OriginalRecipient{from.orcpt_type(), from.orcpt_address()};
    if (from.state() < 1 || from.state() > static_cast<std::uint32_t>(State::dropped))
        return damaged("state");
    recipient.state = static_cast<State>(from.state());
    recipient.attempts = from.attempts();
    recipient.next_attempt = from_unix_milliseconds(from.next_attempt());
    if (from.has_first_failure()) recipient.first_failure = from_unix_milliseconds(from.first_failure());
    if (from.has_last_attempt()) recipient.last_attempt = from_unix_milliseconds(from.last_attempt());
    recipient.last_reply = TRY(reply_of(from.last_reply()));
    recipient.delay_warned = from.delay_warned();
    return recipient;
}

}  // namespace heliopost::queue
