// What a cap of bytes a second holds back, and what it does not.
#include "http/curl_transport_fixture.h"

namespace medimirror {
namespace {

TEST_F(CurlTransportTest, KeepsAllDownloadsTogetherUnderTheCap) {
  make({.user_agent = {}, .bytes_per_second_max = 800'000});
  server_.on("/a", answer(200, std::string(50'000, 'x')));
  const auto before = steady_clock::now();
  for (int wave = 0; wave < 4; ++wave) {
    for (int i = 0; i < 8; ++i) transport_->start(get(server_.url("/a")));
    for (const auto& [id, result] : run_all(8)) EXPECT_EQ(std::get<Response>(result).body.size(), 50'000u);
  }
  // A round of reading may be taken in advance and is paid for afterwards: three waves of 400 000 bytes have been.
  EXPECT_GE(steady_clock::now() - before, Millis(1500));
}

TEST_F(CurlTransportTest, TheCapIsNotForWhatIsUnpaced) {
  make({.user_agent = {}, .bytes_per_second_max = 400'000});
  server_.on("/picture", answer(200, std::string(8'000'000, 'x')));
  server_.on("/listing", {send("HTTP/1.1 200 OK\r\nContent-Length: 3000003\r\n\r\n"),
                          send(std::string(3'000'000, 'y')), send("end", Millis(300))});
  server_.on("/small", answer(200, "small"));
  std::vector<RequestId> pictures;
  for (int i = 0; i < 2; ++i) pictures.push_back(transport_->start(get(server_.url("/picture"))));
  Request request = get(server_.url("/listing"));
  request.paced = false;
  const RequestId listing = transport_->start(std::move(request));
  const Results first = run_all(1);
  ASSERT_TRUE(first.contains(listing));
  EXPECT_EQ(std::get<Response>(first.at(listing)).body.size(), 3'000'003u);
  // The cap held for the others alone, whose first round is taken in advance: sharing it, the listing would have come no sooner
  // than as much of each of them. They may be called off while they are halted, and their handles serve again.
  for (const RequestId id : pictures) transport_->abort(id);
  for (const auto& [id, result] : run_all(2))
    EXPECT_LT(std::get<TransferFailure>(result).bytes_received, 2'000'000u);
  request = get(server_.url("/small"));
  request.paced = false;
  EXPECT_EQ(respond(std::move(request)).body.view(), "small");
}

TEST_F(CurlTransportTest, WhatTheCapHaltedGoesOn) {
  make({.user_agent = {}, .bytes_per_second_max = 4'000'000});
  server_.on("/picture", answer(200, std::string(14'000'000, 'x')));
  server_.on("/listing", {send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), send("abc", Millis(1'000))});
  Request request = get(server_.url("/listing"));
  request.paced = false;
  const RequestId listing = transport_->start(std::move(request));
  const RequestId picture = transport_->start(get(server_.url("/picture")));
  const Results results = run_all(2);
  EXPECT_EQ(std::get<Response>(results.at(listing)).body.view(), "abc");
  EXPECT_TRUE(std::get<Response>(results.at(picture)).body.view() == std::string(14'000'000, 'x'));
}

}  // namespace
}  // namespace medimirror
