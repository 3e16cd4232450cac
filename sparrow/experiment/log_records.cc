#include "sparrow/experiment/records.h"

namespace sparrow::experiment {

Records records_of(const events::EventLog& log) {
  Records records;
  records.exposures = [&log](const Records::Take<events::Exposure>& take) {
    return log.each_exposure("", [&](const events::Exposure& exposure) {
      take(exposure);
      return true;
    });
  };
  records.events = [&log](events::TimeSpan span, const Records::Take<events::Event>& take) {
    return log.each_event(span, [&](const events::Event& event) {
      take(event);
      return true;
    });
  };
  records.impressions = [&log](events::TimeSpan span,
                               const Records::Take<events::Impression>& take) {
    return log.each_impression(span, [&](const events::Impression& impression) {
      take(impression);
      return true;
    });
  };
  return records;
}

}  // namespace sparrow::experiment
