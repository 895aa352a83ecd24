// Questions and answers by transaction id: a guest asks a hundred at once, a device of the host answers each with a completion.
// Run it with: dotnet run -c Release --project samples/RequestAnswer

using System.Buffers.Binary;
using VmBus;
using VmBus.Hosting;
using VmBus.InMemory;

await using var machine = new InMemoryMachine();
var offer = new HostOffer(new Guid("4f1d2d1c-5f0a-4c5e-9a54-5d4b52b1a002"), Guid.NewGuid());
await machine.Host.OfferAsync(offer, new Squares());

// Several threads ask on this channel.
await using VmBusChannel channel = await machine.OpenAsync(offer, new() { MultiProducer = true });
long[] answers = await Task.WhenAll(Enumerable.Range(1, 100).Select(number => AskAsync(number)));
Console.WriteLine($"1² + 2² + ... + 100² = {answers.Sum()}");

async Task<long> AskAsync(long number)
{
    byte[] question = new byte[8];
    BinaryPrimitives.WriteInt64LittleEndian(question, number);
    using ReceivedPacket answer = await channel.RequestAsync(question);
    return BinaryPrimitives.ReadInt64LittleEndian(answer.Payload.Span);
}

internal sealed class Squares : IChannelDevice
{
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        byte[] answer = new byte[8];
        await foreach (ReceivedPacket question in context.Channel.ReadAllAsync(closing))
        {
            // A guest may send anything: what wants no answer gets none, and what is too short has no square.
            if (!question.WantsCompletion)
                continue;
            long number = question.Payload.Length < 8 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(question.Payload.Span);
            BinaryPrimitives.WriteInt64LittleEndian(answer, number * number);
            await context.Channel.SendCompletionAsync(answer, question.TransactionId, cancellationToken: closing);
        }
    }
}
