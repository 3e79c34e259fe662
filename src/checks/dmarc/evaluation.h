// Evaluation: one evaluate() under way. Internal to checks/dmarc.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "checks/dmarc/evaluate.h"
#include "checks/dmarc/tree.h"

namespace heliopost::dmarc_check {

class Evaluation {
public:
    Evaluation(net::DnsBudget* dns, dmarc::Author author, Evidence evidence, Options options)
        : dns_(dns), tree_(dns), evidence_(std::move(evidence)), options_(options) {
        answer_.author = std::move(author);
    }

    net::Task<Answer> run();

private:
    net::Task<bool> discover();  // false: there is no record to apply, and answer_ says why
    net::Task<bool> discover_by_suffix();
    net::Task<void> choose_policy();
    net::Task<void> align();
    net::Task<bool> is_aligned(std::string domain, dmarc::Alignment mode);
    bool may_align(std::string_view domain, dmarc::Alignment mode) const;
    void soften();
    void take_record(const std::string& domain, const dmarc::Record& record);
    bool end(Verdict verdict, std::string reason);
    std::string describe() const;

    net::DnsBudget* dns_;
    Tree tree_;
    Evidence evidence_;
    Options options_;
    Answer answer_;
    std::string dkim_domain_;             // of the aligned signature
    std::vector<std::string> unaligned_;  // d= of good signatures that are another's
    bool walk_failed_ = false;            // the author's: the organisation may be wider than what is known
    bool own_unknown_ = false;            // the DNS did not answer for the author's own record
    bool policy_unsure_ = false;          // what did not answer may be the record that counts
    bool unsure_ = false;                 // a temporary error hides what could have aligned
};

}  // namespace heliopost::dmarc_check
