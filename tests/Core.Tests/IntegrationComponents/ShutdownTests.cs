using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

public class ShutdownTests
{
    [Fact]
    public async Task The_guest_answers_first_and_acts_when_the_answer_is_sent()
    {
        List<ShutdownRequest> acted = [];
        var host = new ShutdownHost();
        var guest = new ShutdownGuest(acted.Add);
        Conversation talk = new Conversation(host, guest).Negotiated();
        guest.AnswerSent();
        var request = new ShutdownRequest(IcShutdownFlags.Force, TimeSpan.FromSeconds(10), 7, "Wartung");
        Task<IcStatus> asked = host.AskAsync(request);
        Assert.True(talk.Exchange());
        Assert.Equal(IcStatus.Success, await asked);
        Assert.Empty(acted);
        guest.AnswerSent();
        guest.AnswerSent();
        Assert.Equal(request, Assert.Single(acted));
    }

    [Fact]
    public async Task Every_combination_of_flags_is_taken_or_refused_as_Linux_does()
    {
        for (uint flags = 0; flags < 16; flags++)
        {
            List<ShutdownRequest> acted = [];
            var host = new ShutdownHost();
            var guest = new ShutdownGuest(acted.Add);
            Conversation talk = new Conversation(host, guest).Negotiated();
            Task<IcStatus> asked = host.AskAsync(new ShutdownRequest((IcShutdownFlags)flags));
            Assert.True(talk.Exchange());
            guest.AnswerSent();
            Assert.Equal(flags <= 3 ? IcStatus.Success : IcStatus.Fail, await asked);
            Assert.Equal(flags <= 3 ? 1 : 0, acted.Count);
            Assert.Equal(flags > 5 ? 1 : 0, guest.GetStatistics().Malformed);
        }
    }

    [Fact]
    public async Task Who_can_hibernate_says_so()
    {
        List<ShutdownRequest> acted = [];
        var host = new ShutdownHost();
        var guest = new ShutdownGuest(acted.Add, request => request.Flags == IcShutdownFlags.Hibernate);
        Conversation talk = new Conversation(host, guest).Negotiated();
        Task<IcStatus> asked = host.AskAsync(new ShutdownRequest(IcShutdownFlags.Hibernate)), off = host.AskAsync(new ShutdownRequest(default));
        Assert.True(talk.Exchange());
        guest.AnswerSent();
        Assert.True(talk.Exchange());
        guest.AnswerSent();
        Assert.Equal((IcStatus.Success, IcStatus.Fail), (await asked, await off));
        Assert.Single(acted);
    }

    [Theory]
    [InlineData(2047, 2047)]
    [InlineData(3000, 2047)]
    public void A_message_that_is_too_long_is_cut_between_two_characters(int length, int kept)
    {
        Assert.Equal(new string('x', kept), Sent(new string('x', length)));
        string wide = string.Concat(Enumerable.Repeat("\U0001F600", length));
        Assert.Equal(wide[..(2 * (2047 / 4))], Sent(wide));

        static string Sent(string message)
        {
            ShutdownRequest? got = null;
            var host = new ShutdownHost();
            var guest = new ShutdownGuest(request => got = request);
            Conversation talk = new Conversation(host, guest).Negotiated();
            _ = host.AskAsync(new ShutdownRequest(default, TimeSpan.MaxValue, message: message));
            Assert.True(talk.Exchange());
            guest.AnswerSent();
            Assert.Equal(TimeSpan.FromSeconds(uint.MaxValue), got!.Timeout);
            return got.Message;
        }
    }
}
