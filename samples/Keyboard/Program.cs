// A device of one's own: a keyboard that types into its guest. Here the guest is a few lines of the same program; a Linux guest
// would have its driver hyperv-keyboard in their place. docs/start-host.md goes through it.
// Run it with: dotnet run -c Release --project samples/Keyboard

using System.Buffers.Binary;
using System.Text;
using VmBus;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Samples;

await using var machine = new InMemoryMachine();
machine.Host.DeviceFailed += (_, failed) => Console.WriteLine($"{failed.Operation} failed: {failed.Exception.Message}");
var keyboard = new KeyboardDevice();
await using OfferedChannel offered = await keyboard.OfferAsync(machine.Host);
keyboard.Type("Hello, VMBus 5.3!\n");

// The guest: opens the channel, agrees on a version, and reads keys until the line ends.
await using VmBusChannel guest = await machine.OpenAsync(KeyboardDevice.Offer);
await using IAsyncEnumerator<ReceivedPacket> packets = guest.ReadAllAsync().GetAsyncEnumerator();
Console.WriteLine($"version 2.0 {(await NegotiateAsync(2 << 16) ? "accepted" : "refused")}");
Console.WriteLine($"version 1.0 {(await NegotiateAsync(KeyboardProtocol.Version1) ? "accepted" : "refused")}");

var codes = new StringBuilder();
var line = new StringBuilder();
bool isShifted = false;
while (line is not [.., '\n'])
{
    ReadOnlyMemory<byte> keystroke = await ReceiveAsync(KeyboardMessageType.Event, KeyboardProtocol.KeystrokeLength);
    ushort code = BinaryPrimitives.ReadUInt16LittleEndian(keystroke.Span[4..]);
    bool isBreak = ((KeystrokeFlags)BinaryPrimitives.ReadUInt32LittleEndian(keystroke.Span[8..]) & KeystrokeFlags.Break) != 0;
    codes.Append($"{code | (isBreak ? 0x80 : 0):X2} ");
    if (code == ScanCodes.LeftShift)
        isShifted = !isBreak;
    else if (!isBreak)
        line.Append(ScanCodes.ToCharacter(code, isShifted));
}
Console.WriteLine($"scan codes  {codes}");
Console.WriteLine($"typed       {line}");

// Caps Lock on. The completion says that the keyboard has dealt with it.
byte[] leds = new byte[6];
BinaryPrimitives.WriteUInt32LittleEndian(leds, (uint)KeyboardMessageType.LedIndicators);
BinaryPrimitives.WriteUInt16LittleEndian(leds.AsSpan(4), 4);
(await guest.RequestAsync(leds)).Dispose();
Console.WriteLine($"LEDs        {keyboard.Leds}");

async Task<bool> NegotiateAsync(uint version)
{
    byte[] request = new byte[KeyboardProtocol.MessageLength];
    BinaryPrimitives.WriteUInt32LittleEndian(request, (uint)KeyboardMessageType.ProtocolRequest);
    BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), version);
    (await guest.RequestAsync(request)).Dispose();
    ReadOnlyMemory<byte> response = await ReceiveAsync(KeyboardMessageType.ProtocolResponse, KeyboardProtocol.MessageLength);
    return (BinaryPrimitives.ReadUInt32LittleEndian(response.Span[4..]) & 1) != 0;
}

// The payload is valid until the next call.
async Task<ReadOnlyMemory<byte>> ReceiveAsync(KeyboardMessageType type, int length)
{
    if (!await packets.MoveNextAsync())
        throw new InvalidOperationException("The keyboard is gone.");
    ReadOnlyMemory<byte> payload = packets.Current.Payload;
    return payload.Length >= length && BinaryPrimitives.ReadUInt32LittleEndian(payload.Span) == (uint)type ? payload
        : throw new InvalidDataException($"The keyboard sent something else than {type}.");
}
