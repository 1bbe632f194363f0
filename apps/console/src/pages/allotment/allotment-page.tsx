export default function AllotmentPage() {
  return null;
}
