using System.Buffers.Binary;
using VmBus.Hosting;
using VmBus.Testing;

namespace VmBus.Devices.Tests.Laws;

/// <summary>The laws find the faults that devices have, and none in a device that is right.</summary>
public class DeviceLawsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_device_that_is_right_keeps_all_laws() => DeviceLaws.CheckAsync(Subject(() => new Adder(), Patience.Limit), Token);

    [Theory]
    [InlineData(Fault.WrongAnswer, "Answers", "is not the answer to")]
    [InlineData(Fault.ForgetsAnswer, "Answers", "has not ended after 2 s")]
    [InlineData(Fault.Throws, "Answers", "The device threw InvalidOperationException: out of paper")]
    [InlineData(Fault.IgnoresItsEnd, "Answers", "The service goes on 1 s after its token was cancelled")]
    [InlineData(Fault.IgnoresItsEnd, "Rescinds", "The service goes on 1 s after its token was cancelled")]
    [InlineData(Fault.IgnoresItsEnd, "Closes", "The service goes on 1 s after its token was cancelled")]
    [InlineData(Fault.AnswersOnce, "Restarts", "has not ended after 2 s")]
    [InlineData(Fault.TrustsLengths, "BearsHostility", "The device threw ArgumentOutOfRangeException")]
    [InlineData(Fault.StopsAtPages, "BearsHostility", "the device reads no more) has not ended after 2 s")]
    public async Task A_planted_fault_is_found_by_its_law(Fault fault, string law, string expected)
    {
        DeviceSubject subject = Subject(() => new Adder { Fault = fault }, TimeSpan.FromSeconds(2));

        DeviceLawException broken = await Assert.ThrowsAsync<DeviceLawException>(() => law switch
        {
            "Rescinds" => DeviceLaws.RescindsAsync(subject, Token),
            "Closes" => DeviceLaws.ClosesAsync(subject, Token),
            "Restarts" => DeviceLaws.RestartsAsync(subject, Token),
            "BearsHostility" => DeviceLaws.BearsHostilityAsync(subject, Token),
            _ => DeviceLaws.AnswersAsync(subject, Token),
        });

        Assert.Equal((law, subject.Seed), (broken.Law, broken.Seed));
        Assert.Contains(expected, broken.Message, StringComparison.Ordinal);
        Assert.StartsWith($"{law} (seed {subject.Seed}): ", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_life_is_told_by_what_the_guest_did()
    {
        DeviceLawException broken = await Assert.ThrowsAsync<DeviceLawException>(() =>
            DeviceLaws.BearsHostilityAsync(Subject(() => new Adder { Fault = Fault.TrustsLengths }, TimeSpan.FromSeconds(2)), Token));
        Assert.Matches(@"In life \d+ the guest did \(seed \d+\) .*(packet|request|pages|completion).* bytes, id 0x", broken.Message);
    }

    [Fact]
    public async Task A_cancelled_check_is_no_broken_law()
    {
        using var stop = new CancellationTokenSource();
        var subject = new DeviceSubject(() => new Adder(), (_, _, _) => stop.CancelAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DeviceLaws.CheckAsync(subject, stop.Token));
    }

    public enum Fault
    {
        None,
        WrongAnswer,
        ForgetsAnswer,
        Throws,
        IgnoresItsEnd,
        AnswersOnce,
        TrustsLengths,
        StopsAtPages,
    }

    private static DeviceSubject Subject(Func<IChannelDevice> create, TimeSpan patience) => new(create, DeviceSubject.Request(
        random =>
        {
            byte[] request = new byte[8];
            random.NextBytes(request);
            return request;
        },
        (request, answer) =>
        {
            if (BinaryPrimitives.ReadInt64LittleEndian(answer.Span) != unchecked(BinaryPrimitives.ReadInt64LittleEndian(request.Span) + 1))
                throw new InvalidOperationException($"{Convert.ToHexString(answer.Span)} is not the answer to {Convert.ToHexString(request.Span)}.");
        }))
    {
        Seed = 4711,
        Patience = patience,
    };

    // Answers a number with the next one.
    private sealed class Adder : IChannelDevice
    {
        private int _asked;

        public Fault Fault { get; init; }

        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            try
            {
                await AnswerAsync(context.Channel, closing);
            }
            finally
            {
                if (Fault == Fault.IgnoresItsEnd)
                    await Task.Delay(Timeout.Infinite, CancellationToken.None);
            }
        }

        private async Task AnswerAsync(VmBusChannel channel, CancellationToken closing)
        {
            byte[] answer = new byte[8];
            bool isFirstOpen = _asked == 0;
            await foreach (ReceivedPacket packet in channel.ReadAllAsync(closing))
            {
                if (Fault == Fault.StopsAtPages && packet.Type == Layout.PacketType.DataUsingGpaDirect)
                    await Task.Delay(Timeout.Infinite, closing);
                if (!packet.WantsCompletion || packet.Payload.Length < 8 && Fault != Fault.TrustsLengths)
                    continue;
                int asked = Interlocked.Increment(ref _asked);
                if (Fault == Fault.ForgetsAnswer && asked % 7 == 0 || Fault == Fault.AnswersOnce && !isFirstOpen)
                    continue;
                if (Fault == Fault.Throws && asked == 7)
                    throw new InvalidOperationException("out of paper");
                long number = unchecked(BinaryPrimitives.ReadInt64LittleEndian(packet.Payload.Span) + 1);
                BinaryPrimitives.WriteInt64LittleEndian(answer, Fault == Fault.WrongAnswer && asked % 7 == 0 ? -1 : number);
                await channel.SendCompletionAsync(answer, packet.TransactionId, cancellationToken: closing);
            }
        }
    }
}
